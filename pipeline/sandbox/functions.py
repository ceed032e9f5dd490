"""Every function of the pinned DuckDB, reviewed: what a statement may call, and what it may not.

The gate admits what is listed under `ALLOWED` and nothing else. The refused lists exist so that a
test fails when a new DuckDB brings a function that nobody has reviewed. A function is allowed if it
computes from its arguments alone and takes neither SQL nor the name of a function or type as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Group:
    """Functions of one kind, with the reason why they are allowed or refused."""

    kind: str
    reason: str
    names: frozenset[str]


def _group(kind: str, reason: str, names: str) -> Group:
    return Group(kind, reason, frozenset(names.split()))


ALLOWED = (
    _group(
        "Operators",
        "compute from their operands",
        """
        !__postfix !~~ !~~* % & && * ** + - ->> / // <-> << <=> <@ >> @ @> ^ ^@ ilike_escape
        like_escape not_ilike_escape not_like_escape | || ~ ~~ ~~* ~~~
        """,
    ),
    _group(
        "Aggregates and window functions",
        "compute from the rows that they are given",
        """
        any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null
        arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin array_agg avg
        bit_and bit_or bit_xor bitstring_agg bool_and bool_or corr count count_if count_star
        countif covar_pop covar_samp cume_dist dense_rank entropy favg fill first first_value fsum
        group_concat histogram histogram_exact kahan_sum kurtosis kurtosis_pop lag last last_value
        lead list listagg mad max max_by mean median min min_by mode nth_value ntile percent_rank
        product quantile quantile_cont quantile_disc rank rank_dense regr_avgx regr_avgy regr_count
        regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy reservoir_quantile row_number
        sem skewness stddev stddev_pop stddev_samp string_agg sum sum_no_overflow sumkahan var_pop
        var_samp variance
        """,
    ),
    _group(
        "JSON values",
        "read and build JSON from their arguments; none parses or prints SQL",
        """
        array_to_json json json_array json_array_length json_contains json_exists json_extract
        json_extract_path json_extract_path_text json_extract_string json_group_array
        json_group_object json_group_structure json_keys json_merge_patch json_object json_pretty
        json_quote json_structure json_type json_valid json_value row_to_json to_json
        """,
    ),
    _group(
        "Lists",
        "a lambda is part of the tree, so what it calls is checked as well",
        """
        apply array_append array_apply array_cat array_concat array_contains array_cosine_distance
        array_cosine_similarity array_cross_product array_distance array_distinct array_dot_product
        array_extract array_filter array_grade_up array_has array_has_all array_has_any
        array_indexof array_inner_product array_intersect array_length array_negative_dot_product
        array_negative_inner_product array_pop_back array_pop_front array_position array_prepend
        array_push_back array_push_front array_reduce array_resize array_reverse array_reverse_sort
        array_select array_slice array_sort array_to_string array_to_string_comma_default
        array_transform array_unique array_value array_where array_zip equi_width_bins filter
        flatten generate_series generate_subscripts grade_up len list_any_value list_append
        list_apply list_approx_count_distinct list_avg list_bit_and list_bit_or list_bit_xor
        list_bool_and list_bool_or list_cat list_concat list_contains list_cosine_distance
        list_cosine_similarity list_count list_distance list_distinct list_dot_product list_element
        list_entropy list_extract list_filter list_first list_grade_up list_has list_has_all
        list_has_any list_histogram list_indexof list_inner_product list_intersect list_kurtosis
        list_kurtosis_pop list_last list_mad list_max list_median list_min list_mode
        list_negative_dot_product list_negative_inner_product list_pack list_position list_prepend
        list_product list_reduce list_resize list_reverse list_reverse_sort list_select list_sem
        list_skewness list_slice list_sort list_stddev_pop list_stddev_samp list_string_agg
        list_sum list_transform list_unique list_value list_var_pop list_var_samp list_where
        list_zip range reduce unnest unpivot_list
        """,
    ),
    _group(
        "Structs, maps, unions and enums",
        "take apart and build values",
        """
        cardinality element_at enum_code enum_first enum_last enum_range enum_range_boundary map
        map_concat map_contains map_contains_entry map_contains_value map_entries map_extract
        map_extract_value map_from_entries map_keys map_values row struct_concat struct_contains
        struct_extract struct_extract_at struct_has struct_indexof struct_insert struct_keys
        struct_pack struct_position struct_update struct_values union_extract union_tag union_value
        """,
    ),
    _group(
        "Dates and times",
        "compute from their arguments and the time zone, which is UTC",
        """
        age ago century date_add date_diff date_part date_sub date_trunc datediff datepart datesub
        datetrunc day dayname dayofmonth dayofweek dayofyear days_in_month decade epoch epoch_ms
        epoch_ns epoch_us era hour isfinite isodow isoyear julian last_day make_date make_time
        make_timestamp make_timestamp_ms make_timestamp_ns make_timestamptz microsecond millennium
        millisecond minute month monthname nanosecond normalized_interval quarter second strftime
        strptime time_bucket timezone timezone_hour timezone_minute to_centuries to_days to_decades
        to_hours to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters
        to_seconds to_timestamp to_weeks to_years try_strptime week weekday weekofyear year
        yearweek
        """,
    ),
    _group(
        "The clock, random numbers and UUIDs",
        "differ by call, and say nothing about the data or the process",
        """
        current_date current_localtime current_localtimestamp gen_random_uuid get_current_time
        get_current_timestamp now random today transaction_timestamp uuid uuid_extract_timestamp
        uuid_extract_version uuidv4 uuidv7
        """,
    ),
    _group(
        "Arithmetic",
        "computes from its arguments",
        """
        abs acos acosh add asin asinh atan atan2 atanh bit_count bit_position bitstring cbrt ceil
        ceiling cos cosh cot degrees divide even exp factorial fdiv floor fmod gamma gcd geomean
        geometric_mean get_bit greatest_common_divisor isinf isnan lcm least_common_multiple lgamma
        ln log log10 log2 mod multiply nextafter pi pow power radians round round_even roundbankers
        set_bit sign signbit sin sinh sqrt subtract tan tanh trunc wavg weighted_avg xor
        """,
    ),
    _group(
        "Choices, type names and errors",
        "`error` shows its argument, without paths and long numbers",
        """
        can_cast_implicitly error greatest is_histogram_other_bin least nullif pg_typeof switch
        typeof
        """,
    ),
    _group(
        "Text and digests",
        "see masked values only: a digest of a pseudonym reveals no MPAN",
        """
        ascii bar base64 bin bit_length char_length character_length chr concat concat_ws contains
        damerau_levenshtein decode editdist3 encode ends_with format format_bytes
        formatreadabledecimalsize formatreadablesize from_base64 from_binary from_hex hamming hash
        hex instr jaccard jaro_similarity jaro_winkler_similarity lcase left left_grapheme length
        length_grapheme levenshtein lower lpad ltrim md5 md5_number md5_number_lower
        md5_number_upper mismatches nfc_normalize octet_length ord parse_dirname parse_dirpath
        parse_filename parse_formatted_bytes parse_path pg_size_pretty position prefix printf
        regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches
        regexp_replace regexp_split_to_array regexp_split_to_table repeat replace reverse right
        right_grapheme rpad rtrim sha1 sha256 split split_part starts_with str_split
        str_split_regex string_split string_split_regex string_to_array strip_accents strlen strpos
        substr substring substring_grapheme suffix to_base to_base64 to_binary to_hex translate
        trim ucase unbin unhex unicode upper url_decode url_encode
        """,
    ),
)

# `*` stands for any ending.
REFUSED = (
    _group(
        "SQL as text",
        "it is bound or printed outside the tree that the gate checks",
        """
        json_deserialize_sql json_serialize_plan json_serialize_sql
        """,
    ),
    _group(
        "Functions named as text",
        "the gate cannot check a name inside a text: use `list_sum` and its kind",
        """
        aggregate array_aggr array_aggregate list_aggr list_aggregate
        """,
    ),
    _group(
        "Types named as text",
        "the gate cannot check a type inside a text: use CAST",
        """
        cast_to_type from_json from_json_strict get_type json_transform json_transform_strict
        make_type remap_struct replace_type
        """,
    ),
    _group(
        "Internal states",
        "a forged aggregate state or variant reads the memory of the process",
        """
        combine constant_or_null create_sort_key finalize icu_sort_key timetz_byte_comparable
        variant_bytes_to_variant variant_extract variant_normalize variant_to_parquet_variant
        variant_typeof vector_type __internal_*
        """,
    ),
    _group(
        "Geometry",
        "parsers of binary formats that no mart holds",
        """
        st_*
        """,
    ),
    _group(
        "The session",
        "settings, variables, catalogue names, statistics, the text of the query",
        """
        alias current_catalog current_connection_id current_database current_query current_query_id
        current_role current_schema current_schemas current_setting current_transaction_id
        current_user getvariable in_search_path session_user stats txid_current user version
        """,
    ),
    _group(
        "Imitations of PostgreSQL",
        "some contain a query; one prints the text of a view",
        """
        col_description format_pg_type format_type get_block_size has_* inet_* map_to_pg_oid
        obj_description pg_collation_is_visible pg_conf_load_time pg_conversion_is_visible
        pg_function_is_visible pg_get_constraintdef pg_get_expr pg_get_viewdef pg_has_role
        pg_is_other_temp_schema pg_my_temp_schema pg_opclass_is_visible pg_operator_is_visible
        pg_opfamily_is_visible pg_postmaster_start_time pg_table_is_visible pg_ts_config_is_visible
        pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible
        shobj_description
        """,
    ),
    _group(
        "Logs",
        "read or write DuckDB's log",
        """
        parse_duckdb_log_message write_log
        """,
    ),
    _group(
        "Waiting",
        "takes time and computes nothing",
        """
        pg_sleep sleep_ms
        """,
    ),
    _group(
        "State",
        "sequences and seeds outlive the call",
        """
        currval nextval setseed
        """,
    ),
    _group(
        "Collations",
        "COLLATE calls them; no statement needs to name them",
        """
        icu_collate_*
        """,
    ),
)

ALLOWED_IN_FROM = (
    _group(
        "Series and lists as rows",
        "compute their rows from their arguments",
        """
        generate_series json_each json_tree range repeat repeat_row unnest
        """,
    ),
)

REFUSED_IN_FROM = (
    _group(
        "SQL as text",
        "it is bound outside the tree that the gate checks; some name a table as text",
        """
        histogram histogram_values json_execute_serialized_sql query query_table summary
        """,
    ),
    _group(
        "Files",
        "read files, or tell which there are",
        """
        glob parquet_* read_* sniff_csv
        """,
    ),
    _group(
        "Memory",
        "scan what a pointer leads to, or call Python",
        """
        arrow_scan arrow_scan_dumb pandas_scan python_map_function seq_scan
        """,
    ),
    _group(
        "The session",
        "settings, catalogue, statistics, secrets, memory, logs",
        """
        checkpoint disable_logging disable_profiling duckdb_* enable_logging enable_profiling
        force_checkpoint icu_calendar_names pg_timezone_names pragma_* truncate_duckdb_logs
        which_secret
        """,
    ),
    _group(
        "Tests of the engine",
        "their values are of every type, and no use",
        """
        test_all_types test_vector_types
        """,
    ),
)

# PRAGMA and CALL are kinds of statement that the gate refuses, whatever they name.
REFUSED_KINDS = frozenset({"pragma"})

# A pointer, an aggregate state, a variant or a type as a value is no business of a statement.
ALLOWED_TYPES = _group(
    "Types of values",
    "a cast to them computes from the value",
    """
    array bigint bignum binary bit bitstring blob bool boolean bpchar bytea char date datetime dec
    decimal double enum float float4 float8 guid hugeint int int1 int128 int16 int2 int32 int4 int64
    int8 integer integral interval json list logical long map null numeric nvarchar real row short
    signed smallint string struct text time time_ns timestamp timestamp_ms timestamp_ns timestamp_s
    timestamp_us timestamptz timetz tinyint ubigint uhugeint uint128 uint16 uint32 uint64 uint8
    uinteger union usmallint utinyint uuid varbinary varchar varint
    """,
).names | {"time with time zone", "timestamp with time zone", "timestamp_sec"}
REFUSED_TYPES = frozenset({"geometry", "oid", "type", "variant"})


def _names(groups: tuple[Group, ...]) -> frozenset[str]:
    return frozenset().union(*(group.names for group in groups))


IN_SELECT = _names(ALLOWED)
IN_FROM = _names(ALLOWED_IN_FROM)


def refusals(name: str, groups: tuple[Group, ...]) -> list[Group]:
    """The groups of a refused list that name this function."""
    return [each for each in groups if any(fnmatchcase(name, one) for one in each.names)]


def reason(name: str) -> str | None:
    """Why a function is refused, if it is on a refused list."""
    found = refusals(name, REFUSED + REFUSED_IN_FROM)
    return f"{found[0].kind}: {found[0].reason}" if found else None

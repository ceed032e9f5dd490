"""Metering Points: where they are, what they are, and their MPAN."""

from __future__ import annotations

import math

import polars as pl

from pipeline.simulate import geography
from pipeline.simulate.cast import SEGMENT_OF_CLASS
from pipeline.simulate.randomness import Draws, bins, pick

# Domestic, small business, Advanced, Unmetered: shares of all Metering Points.
CLASS_SHARES = (0.892, 0.077, 0.028, 0.003)
CONNECTIONS = ("W", "L", "H", "E", "U")
ENERGISATION = ("E", "D", "U")
# Connection types of Advanced points, and the mean annual kWh of each.
_ADVANCED_CONNECTIONS = (0.35, 0.55, 0.095, 0.005)
_MEAN_KWH = {"W": 60_000.0, "L": 150_000.0, "H": 1_400_000.0, "E": 7_000_000.0}
# Mean and spread (sigma of the logarithm) of the other classes.
_KWH = {0: (2_900.0, 0.55), 1: (6_500.0, 1.0), 3: (60_000.0, 1.5)}
_ADVANCED_SPREAD = 0.9

# Point number times this, modulo 10^10, is a permutation: numbers stay unique and look random.
_SCATTER = 6_364_136_223
_BODY = 10**10

WEIGHTS = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
WRONG_CHECK_DIGIT_RATE = 1e-5
UNKNOWN_DISTRIBUTOR_RATE = 1e-6

_CLASS_BINS = pl.Series(bins(CLASS_SHARES), dtype=pl.Int8)
_GSP_BINS = pl.Series(bins(geography.GSP_SHARES), dtype=pl.Int8)
_IDNO_BINS = pl.Series(bins(geography.IDNO_SHARES), dtype=pl.Int8)
_CONNECTION_BINS = pl.Series(bins(_ADVANCED_CONNECTIONS), dtype=pl.Int8)
_DISTRIBUTORS = pl.Series(geography.DISTRIBUTOR_IDS, dtype=pl.Int64)
_BINS = len(_CLASS_BINS)


def check_digit(first_twelve: pl.Expr) -> pl.Expr:
    """The check digit of the first twelve digits of an MPAN."""
    total = pl.lit(0, dtype=pl.Int64)
    for place, weight in enumerate(WEIGHTS):
        total = total + first_twelve // 10 ** (11 - place) % 10 * weight
    return total % 11 % 10


def _lognormal(mean: pl.Expr, sigma: pl.Expr, normal: pl.Expr) -> pl.Expr:
    return (mean.log() - sigma * sigma / 2 + sigma * normal).exp()


def _by_class(values: dict[int, float], otherwise: pl.Expr) -> pl.Expr:
    result = otherwise
    for kind, value in values.items():
        result = pl.when(pl.col("kind") == kind).then(value).otherwise(result)
    return result


def metering_points(
    draws: Draws, first: int, stop: int, scripted: int, wrong_mpans: dict[str, list[int]]
) -> pl.DataFrame:
    """Points `first` to `stop` - 1 with their attributes, one row each.

    The first `scripted` points are domestic; `wrong_mpans` names those of them with a wrong
    `check_digit` or an unknown `distributor`.
    """

    def bin_of(*purpose: object) -> pl.Expr:
        return draws.uniform(*purpose) * _BINS

    frame = pl.DataFrame({"point": pl.int_range(first, stop, dtype=pl.UInt64, eager=True)})
    is_scripted = pl.col("point") < scripted
    frame = frame.with_columns(
        kind=pl.when(is_scripted)
        .then(pl.lit(0, dtype=pl.Int8))
        .otherwise(pick(_CLASS_BINS, bin_of("class"))),
        gsp=pick(_GSP_BINS, bin_of("gsp")),
        advanced_connection=pick(_CONNECTION_BINS, bin_of("connection")),
        normal=(-2 * (1 - draws.uniform("kwh radius")).log()).sqrt()
        * (draws.uniform("kwh angle") * (2 * math.pi)).cos(),
    )
    frame = frame.with_columns(
        distributor=pl.when(draws.chance(geography.IDNO_SHARE, "idno"))
        .then(pick(_IDNO_BINS, bin_of("which idno")) + len(geography.DNOS))
        .otherwise(pl.col("gsp"))
        .cast(pl.Int8),
        segment=pick(pl.Series(SEGMENT_OF_CLASS, dtype=pl.Int8), pl.col("kind")),
        connection=pl.when(pl.col("kind") == 2)
        .then(pl.col("advanced_connection"))
        .when(pl.col("kind") == 3)
        .then(CONNECTIONS.index("U"))
        .otherwise(CONNECTIONS.index("W"))
        .cast(pl.Int8),
        energisation=pl.when(draws.chance(0.985, "energised")).then(0).otherwise(1).cast(pl.Int8),
        is_domestic=pl.col("kind") == 0,
    )
    means = pl.Series(list(_MEAN_KWH.values()), dtype=pl.Float64)
    mean = _by_class(
        {kind: mean for kind, (mean, _) in _KWH.items()},
        pick(means, pl.col("advanced_connection")),
    )
    sigma = _by_class(
        {kind: spread for kind, (_, spread) in _KWH.items()}, pl.lit(_ADVANCED_SPREAD)
    )
    offset = draws.below(_BODY, "mpan offset")
    known_distributor = pick(_DISTRIBUTORS, pl.col("distributor"))
    unknown = pl.col("point").is_in(wrong_mpans["distributor"]) | (
        draws.chance(UNKNOWN_DISTRIBUTOR_RATE, "unknown distributor") & ~is_scripted
    )
    body = (pl.col("point") * _SCATTER + offset) % _BODY
    frame = frame.with_columns(
        annual_kwh=_lognormal(mean, sigma, pl.col("normal")).round().cast(pl.Int64),
        first_twelve=pl.when(unknown)
        .then(geography.UNKNOWN_DISTRIBUTOR)
        .otherwise(known_distributor)
        .cast(pl.Int64)
        * _BODY
        + body.cast(pl.Int64),
    )
    wrong = pl.col("point").is_in(wrong_mpans["check_digit"]) | (
        draws.chance(WRONG_CHECK_DIGIT_RATE, "wrong check digit") & ~is_scripted
    )
    digit = check_digit(pl.col("first_twelve"))
    return frame.with_columns(
        mpan=pl.col("first_twelve") * 10 + (digit + wrong.cast(pl.Int64) * 3) % 10
    ).drop("first_twelve", "normal", "advanced_connection")

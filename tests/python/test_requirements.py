"""Every package is declared, used, pinned and known by its hash."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.command import PROJECT

# Used without an import: by name in a setting, through another package, or as a command.
_WITHOUT_IMPORT = {
    "authlib": "Streamlit signs readers in with it",
    "dbt-duckdb": "dbt loads it as its adapter",
    "httpx": "Authlib asks the provider with it",
}
_TOOLS = {
    "dbt-bouncer": "make lint",
    "duckdb-cli": "tests run the command line that analysts use",
    "fastexcel": "Polars reads workbooks with it",
    "mypy": "make lint",
    "pytest-timeout": "pytest loads it",
    "pytest-xdist": "pytest loads it",
    "ruff": "make lint",
    "sqlfluff": "make lint",
    "sqlfluff-templater-dbt": "SQLFluff loads it",
    "types-pyyaml": "make lint: mypy reads it",
    "uv": "make requirements",
}
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z0-9,-]+\])?==(\S+)(?: ;.*)?$")


def _name(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def _declared(file: str) -> set[str]:
    lines = (PROJECT / file).read_text("utf-8").splitlines()
    return {
        _name(found[1]) for line in lines if (found := _PIN.match(line)) and line.strip() == line
    }


def _imported(*folders: str) -> dict[str, str]:
    """Each package that a module imports by name, and one such module."""
    found: dict[str, str] = {}
    owners = packages_distributions()
    ours = {path.stem for root in ("", "tests/python") for path in (PROJECT / root).iterdir()}
    for path in (path for folder in folders for path in (PROJECT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and node.level == 0
                else []
            )
            for name in names:
                top = name.partition(".")[0]
                if top and top not in sys.stdlib_module_names and top not in ours:
                    candidates = owners.get(top, [top])
                    found[_name(_owner(name, candidates))] = str(path.relative_to(PROJECT))
    return found


def _owner(module: str, candidates: list[str]) -> str:
    """The package that holds a module: several share the name space of dbt."""
    if len(candidates) == 1:
        return candidates[0]
    return "dbt-core" if module.startswith("dbt.") else candidates[0]


def test_what_the_product_imports_is_declared_and_what_is_declared_is_used() -> None:
    imported = _imported("pipeline", "dashboards")
    declared = _declared("requirements.in")
    undeclared = {name: module for name, module in imported.items() if name not in declared}
    assert undeclared == {}
    assert declared - imported.keys() == _WITHOUT_IMPORT.keys()


def test_what_the_tests_import_is_declared_and_what_is_declared_is_used() -> None:
    product, tests = _declared("requirements.in"), _declared("requirements-dev.in")
    imported = _imported("tests")
    undeclared = {name: module for name, module in imported.items() if name not in product | tests}
    assert undeclared == {}
    assert tests - imported.keys() == _TOOLS.keys()
    assert not product & tests


@pytest.mark.parametrize("kind", ["requirements", "requirements-dev"])
def test_everything_is_pinned_with_hashes_and_names_no_host(kind: str) -> None:
    text = (PROJECT / f"{kind}.txt").read_text("utf-8")
    entries = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", text, flags=re.M).strip())
    assert len(entries) > 60
    for entry in entries:
        first, *hashes = (line.strip().removesuffix(" \\") for line in entry.splitlines())
        assert _PIN.match(first), first
        assert hashes, first
        assert all(re.fullmatch("--hash=sha256:[0-9a-f]{64}", each) for each in hashes), first
    assert not re.search(r"https?:|file:|--(extra-)?index|--find-links|(?<=[ '\"])/", text)
    assert _declared(f"{kind}.in") <= _declared_in_lock(kind)


def _declared_in_lock(kind: str) -> set[str]:
    lines = (PROJECT / f"{kind}.txt").read_text("utf-8").splitlines()
    return {_name(found[1]) for line in lines if (found := _PIN.match(line.removesuffix(" \\")))}


def test_the_tests_run_with_the_versions_of_the_product() -> None:
    def pins(file: Path) -> set[str]:
        return set(re.findall(r"^\S+==\S+", file.read_text("utf-8"), flags=re.M))

    assert pins(PROJECT / "requirements.txt") <= pins(PROJECT / "requirements-dev.txt")


def test_pip_refuses_a_file_of_another_hash(tmp_path: Path) -> None:
    """What make installs with: a hash that is not listed is an error, and so is none."""
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    assert re.findall(r"pip install", makefile) == ["pip install"]
    assert "--require-hashes --only-binary :all:" in makefile
    wheel = tmp_path / "six-1.17.0-py2.py3-none-any.whl"
    wheel.write_bytes(b"PK\x05\x06" + bytes(18))
    listed = tmp_path / "requirements.txt"
    listed.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n", "utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--isolated", "download", "--require-hashes"),
            *("--no-index", "--find-links", str(tmp_path), "--dest", str(tmp_path / "got")),
            *("-r", str(listed)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr

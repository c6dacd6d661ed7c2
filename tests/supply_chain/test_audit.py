"""Nothing is installed, or allowed, that is known to be weak; and what is below its floor is named."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.supply_chain import __main__ as command
from tests.supply_chain.audit import FLOORS, installed, read_floors, too_old

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINNED = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines())
REQUIRED = [Requirement(text) for text in PROJECT["dependencies"]]
OPTIONAL = [Requirement(text) for texts in PROJECT["optional-dependencies"].values() for text in texts]
NODE_PACKAGES = [ROOT / folder / "package.json" for folder in ("docs/recipes", "tests/bench/peers/node", "web")]
KINDS = ("dependencies", "devDependencies")
FLOOR = '[Some_Package]\nfloor = "1.10"\nadvisory = "CVE-1"\nwhat = "a hole"\n'


def test_nothing_installed_is_below_its_floor(capsys: pytest.CaptureFixture[str]) -> None:
    command.main()
    assert "none is below it" in capsys.readouterr().out


@pytest.mark.parametrize(("version", "is_too_old"), [("1.9", True), ("1.10rc1", True), ("1.10", False), ("2", False)])
def test_what_is_below_is_named_with_its_advisory(version: str, is_too_old: bool) -> None:
    found = too_old(read_floors(FLOOR), {canonicalize_name("some-package"): Version(version)})
    assert [line.split(":")[0] for line in found] == (
        [f"some-package {version} is installed, and below 1.10"] if is_too_old else []
    )
    assert all("a hole (CVE-1)" in line for line in found)


def test_the_command_says_so_and_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    high = tmp_path / "floors.toml"
    high.write_text(FLOOR.replace("Some_Package", "pytest").replace("1.10", "1000"))
    monkeypatch.setattr(command, "FLOORS", high)
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 1
    assert "pytest" in capsys.readouterr().err


def test_every_floor_is_of_something_that_is_used() -> None:
    pinned = {canonicalize_name(name) for name in PINNED}
    assert read_floors(FLOORS.read_text()).keys() <= pinned


def test_the_project_allows_nothing_below_a_floor() -> None:
    floors = read_floors(FLOORS.read_text())
    for requirement in REQUIRED:
        floor = floors.get(canonicalize_name(requirement.name))
        if floor:
            [lowest] = [Version(one.version) for one in requirement.specifier if one.operator in (">=", "==")]
            assert lowest >= floor.version, requirement


def test_every_dependency_has_a_line_in_the_readme_and_nothing_else_has() -> None:
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("\n## Dependencies\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (?!library|---)([^|]+) \|", table, re.MULTILINE)
    named = [canonicalize_name(name) for row in rows for name in re.split(r", | and ", re.sub(r" \(.*?\)", "", row))]
    assert len(named) == len(set(named))
    packages = [json.loads(file.read_text()) for file in NODE_PACKAGES]
    node = {name for package in packages for kind in KINDS for name in package.get(kind, ())}
    # What the recipes need is said in one word, and whether it is right is theirs to know.
    recipes = {"@urql/exchange-graphcache", "@urql/exchange-retry", "rxjs", "ws"}
    needed = {requirement.name for requirement in [*REQUIRED, *OPTIONAL]}
    assert set(named) - {"theirs"} == {canonicalize_name(name) for name in needed | (node - recipes)}


def test_what_runs_on_node_is_pinned_and_no_lock_file_names_a_registry() -> None:
    for file in NODE_PACKAGES:
        package = json.loads(file.read_text())
        for kind in KINDS:
            assert all(re.fullmatch(r"\d+\.\d+\.\d+", pin) for pin in package.get(kind, {}).values()), file
    lock = (ROOT / "web" / "package-lock.json").read_text()
    assert '"integrity": "sha512-' in lock
    assert '"resolved"' not in lock


def test_every_dependency_is_pinned_to_what_is_installed() -> None:
    versions = installed()
    for name, pin in PINNED.items():
        if (found := versions.get(canonicalize_name(name))) is not None:
            assert found == Version(pin), name

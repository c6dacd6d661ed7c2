"""Floors of versions, and what lies below them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

FLOORS: Final = Path(__file__).parents[2] / "floors.toml"


@dataclass(frozen=True)
class Floor:
    """The oldest version of a package that may be installed, and why."""

    version: Version
    advisory: str
    what: str


def read_floors(text: str) -> dict[NormalizedName, Floor]:
    """The floors in such a file, by package; KeyError or InvalidVersion where one is not whole."""
    return {
        canonicalize_name(name): Floor(Version(entry["floor"]), entry["advisory"], entry["what"])
        for name, entry in tomllib.loads(text).items()
    }


def installed() -> dict[NormalizedName, Version]:
    """Everything that this interpreter can import, by package."""
    return {canonicalize_name(found.name): Version(found.version) for found in distributions()}


def too_old(floors: Mapping[NormalizedName, Floor], versions: Mapping[NormalizedName, Version]) -> list[str]:
    """A line on each package that is below its floor; what is not installed is not."""
    return [
        f"{name} {versions[name]} is installed, and below {floor.version}: {floor.what} ({floor.advisory}). "
        f"Raise it in pyproject.toml and constraints.txt, and `make install`."
        for name, floor in sorted(floors.items())
        if name in versions and versions[name] < floor.version
    ]

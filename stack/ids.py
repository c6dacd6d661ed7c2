"""Ids as they come from a command line."""

import typer

from write_model.contracts.ids import NOUNS, Kind, kind_of


def must_be_an_id(id: str, where: str, kind: Kind | None = None) -> str:
    """The id; wrong usage where it cannot be one of the kind, or of any without a kind."""
    found = kind_of(id)
    if found is None or (kind and found != kind):
        kinds = {kind: NOUNS[kind]} if kind else NOUNS
        begin = " or ".join(f"{prefix}_ ({noun})" for prefix, noun in kinds.items())
        raise typer.BadParameter(
            f"{id!r} is not an id of that kind: those begin with {begin}, and 28 characters follow", param_hint=where
        )
    return id

"""Rows as JSON fragments joined by newlines, ready to be spliced into an answer.

A compact JSON text never holds a raw newline, so splitting is exact; one hash field for many leaves costs Redis
and its clients one value instead of many.
"""

from collections.abc import Iterable
from typing import Any

from pydantic_core import from_json, to_json

Leaf = str | int | bool | tuple[str, ...] | None


def join(leaves: Iterable[Leaf]) -> bytes:
    """The leaves as JSON fragments, in order, one a line."""
    return b"\n".join(map(to_json, leaves))


def split(text: str | bytes) -> list[Any]:
    """The leaves in a text that `join` made; empty for an empty text."""
    if isinstance(text, str):
        text = text.encode()
    return list(from_json(b"[" + text.replace(b"\n", b",") + b"]"))


def split_rows(text: str | bytes, width: int) -> list[list[Any]]:
    """The same, in groups of `width` leaves: a table's rows."""
    leaves = split(text)
    return [leaves[i : i + width] for i in range(0, len(leaves), width)]

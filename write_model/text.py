"""Texts and counts in commands: trimmed, bounded, and free of control characters."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints


def _printable(text: str) -> str:
    if any(unicodedata.category(c) == "Cc" for c in text):
        raise ValueError("must not hold control characters")
    return text


def _printable_lines(text: str) -> str:
    _printable(text.replace("\n", "").replace("\r", "").replace("\t", ""))
    return text


_printed = AfterValidator(_printable)

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _printed]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), _printed]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5_000), AfterValidator(_printable_lines)]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Quantity = Annotated[int, Field(strict=True, ge=1, le=10_000)]
"""Units of one line of an order."""
Stock = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
"""Units that arrive at once; zero says none."""
Version = Annotated[int, Field(strict=True, ge=0)]

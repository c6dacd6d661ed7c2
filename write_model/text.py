"""Texts and counts in commands: trimmed, bounded, and free of control characters."""

import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, StringConstraints

_BIDIRECTIONAL = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def _printable(text: str) -> str:
    if any(unicodedata.category(c) == "Cc" or unicodedata.bidirectional(c) in _BIDIRECTIONAL for c in text):
        raise ValueError("must not hold control characters")
    return text


def _visible(text: str) -> str:
    if all(unicodedata.category(c)[0] in "CZ" for c in text):
        raise ValueError("must hold something that can be seen")
    return text


def _address(text: str) -> str:
    # Not pydantic's EmailStr: that also takes "Ada <ada@example.com>", and silently drops the name.
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValueError(f"is not an e-mail address: {error}") from error


def _country(text: str) -> str:
    if not (len(text) == 2 and text.isascii() and text.isalpha() and text.isupper()):
        raise ValueError('must be the two letters of a country, as "DE" (ISO 3166-1 alpha-2)')
    return text


def _printable_lines(text: str) -> str:
    _printable(text.replace("\n", "").replace("\r", "").replace("\t", ""))
    return text


_printed = AfterValidator(_printable)
_seen = AfterValidator(_visible)

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _printed, _seen]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), _printed, _seen]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5_000), AfterValidator(_printable_lines)]
Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(_address)]
"""An address that could exist; nobody is asked."""
CountryCode = Annotated[str, AfterValidator(_country)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=10_000)]
"""Units of one line of an order."""
Stock = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
"""Units that arrive at once; zero says none."""
Version = Annotated[int, Field(strict=True, ge=0)]

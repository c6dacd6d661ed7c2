"""Names, for lists by name and for search: folded, cut into words, and as members of sorted sets."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Case and accents away, for order and search: "Crème" -> "creme"."""
    # Some letters have a case only once they are taken apart, such as the black-letter capitals.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words_of(*texts: str) -> set[str]:
    """The folded words of the texts: "Ada@Example.com" -> ada, example, com."""
    return set(_WORD.findall(fold(" ".join(texts))))


def beginnings_of(words: Iterable[str]) -> set[str]:
    """Every beginning of every word, the whole word too: "tea" -> t, te, tea."""
    return {word[:length] for word in words for length in range(1, len(word) + 1)}


def name_member(name: str, id: str) -> str:
    """A member of a set by name: sorts by folded name, then by id."""
    return f"{fold(name)}\0{id}"


def id_of_member(member: str) -> str:
    """The id at the end of a member."""
    return member.rpartition("\0")[2]

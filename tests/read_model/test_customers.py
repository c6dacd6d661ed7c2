"""Customers by name, and found by the beginnings of words of name and e-mail; merged from all partitions."""

import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from read_model.connection import Reader
from read_model.errors import BadCursor, BadSearch
from read_model.pages import Page, PageRequest
from read_model.schema.customers import CustomerRow
from tests.read_model.decoded import customers, orders
from tests.read_model.projected import PARTITIONS, Projected, customer_row, make_id, order_row

PEOPLE = (
    ("Ada Lovelace", "ada@example.com"),
    ("Åsa Lund", "asa.lund@example.org"),
    ("ada king", "king@example.com"),
    ("Éloïse Adam", "eloise@beispiel.de"),
    ("Zoë", "z_99@example.com"),
    ("Bob O'Hara", "bob@lovelace.net"),
)


async def register(projected: Projected, *people: tuple[str, str]) -> list[CustomerRow]:
    """So many customers, over all partitions."""
    rows = [customer_row(n % PARTITIONS, name, email) for n, (name, email) in enumerate(people)]
    for row in rows:
        await projected.customer(row)
    return rows


def names(page: Page[CustomerRow]) -> list[str]:
    return [row.name for row in page.rows]


async def test_all_of_them_by_name_case_and_accents_aside(reader: Reader, projected: Projected) -> None:
    await register(projected, *PEOPLE)
    expected = ["ada king", "Ada Lovelace", "Åsa Lund", "Bob O'Hara", "Éloïse Adam", "Zoë"]
    page = await customers(reader, PageRequest())
    assert (names(page), page.total_count) == (expected, 6)
    for nothing in ("", " ", "@.-"):
        assert names(await customers(reader, PageRequest(), nothing)) == expected


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ada", ["ada king", "Ada Lovelace", "Éloïse Adam"]),
        ("ADA lov", ["Ada Lovelace"]),
        ("ada@ex", ["ada king", "Ada Lovelace"]),
        ("ada@example.com", ["ada king", "Ada Lovelace"]),
        ("lovelace", ["Ada Lovelace", "Bob O'Hara"]),
        ("asa", ["Åsa Lund"]),
        ("eloi", ["Éloïse Adam"]),
        ("hara", ["Bob O'Hara"]),
        ("99", ["Zoë"]),
        ("o h", ["Bob O'Hara"]),
        ("velace", []),
        ("ada nobody", []),
    ],
)
async def test_every_word_must_begin_a_word(
    reader: Reader, projected: Projected, search: str, found: list[str]
) -> None:
    await register(projected, *PEOPLE)
    page = await customers(reader, PageRequest(), search)
    assert (names(page), page.total_count) == (found, len(found))
    assert reader.round_trips == (2 if found else 1)


@pytest.mark.parametrize("search", ["x" * 201, " ".join("abcdefghi")])
async def test_a_search_has_an_end(reader: Reader, projected: Projected, search: str) -> None:
    with pytest.raises(BadSearch):
        await customers(reader, PageRequest(), search)


async def test_equal_names_stand_by_id_and_none_is_lost_between_pages(reader: Reader, projected: Projected) -> None:
    rows = await register(projected, *(("Ada", f"{n}@example.com") for n in range(10)))
    seen, cursor = [], None
    while True:
        page = await customers(reader, PageRequest(first=3, after=cursor), "ada example")
        seen += [row.id for row in page.rows]
        if not page.has_next:
            break
        cursor = page.cursors[-1]
    assert seen == sorted(row.id for row in rows)


@pytest.mark.parametrize("search", ["", "ada com"])
async def test_what_is_no_cursor_of_customers_is_refused(reader: Reader, projected: Projected, search: str) -> None:
    await projected.order(order_row(make_id("ord", 1), make_id("cus", 1)))
    of_orders = (await orders(reader, page=PageRequest())).cursors[0]
    for garbage in ("", "x", of_orders):
        with pytest.raises(BadCursor, match="after"):
            await customers(reader, PageRequest(after=garbage), search)


words = st.text("abAB äéß", max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(st.tuples(words, words), max_size=12),
    search=words,
    size=st.integers(1, 4),
    backward=st.booleans(),
)
async def test_pages_are_what_a_naive_search_finds(
    redis: Redis, reader: Reader, people: list[tuple[str, str]], search: str, size: int, backward: bool
) -> None:
    await redis.flushall()
    projected = Projected(redis)
    await projected.complete()
    rows = await register(projected, *((name, f"{email}@example.com") for name, email in people))
    matching = [row for row in rows if is_found(row, search)]
    expected = [row.id for row in sorted(matching, key=lambda row: (folded(row.name), row.id))]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        asked: Any = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        page = await customers(reader, PageRequest(**asked), search)
        assert page.total_count == len(expected)
        found = [row.id for row in page.rows]
        seen = found + seen if backward else seen + found
        assert (page.has_next if backward else page.has_previous) == (len(seen) > len(found))
        if not (page.has_previous if backward else page.has_next):
            break
        cursor = page.cursors[0 if backward else -1]
    assert seen == expected


def folded(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def is_found(row: CustomerRow, search: str) -> bool:
    theirs = folded(row.name).split() + folded(row.email).replace("@", " ").replace(".", " ").split()
    return all(any(word.startswith(wanted) for word in theirs) for wanted in folded(search).split())

"""Ids sort by creation and carry their slot; positions and tokens survive the way to text and back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.write_model.specification import predictable
from write_model.contracts.ids import NOUNS, SLOTS, Kind, earliest_id, kind_of, made_at, new_id, slot_of
from write_model.contracts.money import format_amount, minor_digits
from write_model.contracts.streams import InvalidToken, Position, Token, partition_of

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(946_684_800, 4_102_444_800).map(lambda second: datetime.fromtimestamp(second, UTC))
kinds: st.SearchStrategy[Kind] = st.sampled_from(sorted(NOUNS))
positions = st.builds(
    Position.of_commit, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**20 - 1)
)


@given(kinds, st.integers(0, SLOTS - 1), moments, st.binary(min_size=10, max_size=10))
def test_an_id_carries_kind_and_slot(kind: Kind, slot: int, now: datetime, random: bytes) -> None:
    id = new_id(kind, slot, now, lambda n: random[:n])
    assert kind_of(id) == kind
    assert slot_of(id) == slot
    assert partition_of(id, 8) == slot % 8


@given(moments, st.integers(1, 10**9), st.integers(0, SLOTS - 1), st.integers(0, SLOTS - 1))
def test_ids_sort_by_creation(moment: datetime, later: int, slot: int, other: int) -> None:
    entropy = predictable()
    first = new_id("ord", slot, moment, lambda n: b"\xff" * n)
    second = new_id("ord", other, moment + timedelta(milliseconds=later), entropy)
    assert first < second
    assert earliest_id("ord", moment) <= first < earliest_id("ord", moment + timedelta(milliseconds=later)) <= second


def test_an_id_is_a_uuid7() -> None:
    id = new_id("ord", 0, EPOCH, lambda n: b"\xff" * n)
    number = 0
    for character in id[4:30]:
        number = number * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(character)
    assert number >> 80 == int(EPOCH.timestamp() * 1000)
    assert number >> 76 & 0xF == 7
    assert number >> 62 & 0b11 == 0b10


@given(moments)
def test_an_id_says_when_it_was_made(moment: datetime) -> None:
    assert made_at(new_id("cmd", 1, moment, predictable())) == moment


def test_an_invented_id_was_made_at_the_end_of_time_at_the_latest() -> None:
    assert made_at("cmd_" + "z" * 28).year == 9999


@pytest.mark.parametrize("id", ["", "ord_", "ord", "abc_" + "0" * 28, "ord_" + "0" * 27, "ord_" + "u" * 28, "ord_\0"])
def test_anything_else_is_no_id(id: str) -> None:
    assert kind_of(id) is None


@given(positions, positions)
def test_positions_sort_as_redis_sorts_ids(a: Position, b: Position) -> None:
    assert Position.parse(str(a)) == a
    assert (a < b) == ((a.ms, a.seq) < (b.ms, b.seq))
    assert max(a.seq, a.ms) < 2**53, "exact in Lua and JavaScript"


@given(st.dictionaries(st.integers(0, 1023), positions))
def test_a_token_survives_the_way_to_text(bounds: dict[int, Position]) -> None:
    token = Token(tuple(bounds.items()))
    assert Token.decode(token.encode()) == token
    assert token.partitions == tuple(bounds)
    assert all(position <= token.position for position in bounds.values())


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**20 - 1))
def test_a_position_knows_its_commit(seconds: int, increment: int, ordinal: int) -> None:
    assert Position.of_commit(seconds, increment, ordinal).cluster_time == (seconds, increment)


@given(st.text())
def test_garbage_is_no_token(text: str) -> None:
    try:
        token = Token.decode(text)
    except InvalidToken:
        return
    assert token.encode() == text.rstrip("=") or Token.decode(token.encode()) == token


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_amounts_are_written_exactly(minor: int, currency: str) -> None:
    text = format_amount(minor, currency)
    assert int(text.replace(".", "")) == minor
    digits = minor_digits(currency)
    assert len(text.partition(".")[2]) == digits

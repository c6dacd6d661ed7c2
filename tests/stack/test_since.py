"""What may be written for a moment from which on to follow."""

from datetime import UTC, datetime

import pytest

from stack.events.since import parse_since
from write_model.contracts.streams import Position

NOW = datetime(2026, 11, 20, 9, 30, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", "2026-11-20T09:28:30Z"),
        ("10m", "2026-11-20T09:20:00Z"),
        ("2h", "2026-11-20T07:30:00Z"),
        ("7d", "2026-11-13T09:30:00Z"),
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20T09:15", "2026-11-20T09:15:00Z"),
        ("2026-11-20T09:15+02:00", "2026-11-20T07:15:00Z"),
        ("1970-01-01", "1970-01-01T00:00:00Z"),
        ("1666-09-02", "1970-01-01T00:00:00Z"),
    ],
)
def test_a_moment_is_the_position_before_all_of_its_second(text: str, moment: str) -> None:
    assert parse_since(text, NOW) == Position(round(datetime.fromisoformat(moment).timestamp()) * 1000, 0)


def test_a_position_is_itself() -> None:
    assert parse_since("1795130327000-2099004", NOW) == Position(1795130327000, 2099004)


@pytest.mark.parametrize("text", ["", "never", "10", "10w", "-5m", "2026-13-01", "1-x", "999999d"])
def test_anything_else_is_refused_with_what_may_be_written(text: str) -> None:
    with pytest.raises(ValueError, match="write 10m, 2h or 7d"):
        parse_since(text, NOW)


@pytest.mark.parametrize("text", ["2026-11-20T09:31", "2027-01-01", "999999999999999-0"])
def test_the_future_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is in the future"):
        parse_since(text, NOW)

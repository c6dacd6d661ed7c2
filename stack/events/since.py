"""From where on to follow: what a person or a program may write for it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from write_model.contracts.streams import Position

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGO: Final = re.compile(r"(\d{1,5})([smhd])")
_POSITION: Final = re.compile(r"\d{1,15}-\d{1,16}")


def parse_since(text: str, now: datetime) -> Position:
    """The position after which to begin; ValueError with what is wrong.

    `90s`, `10m`, `2h`, `7d` ago; a moment in ISO 8601, UTC unless it says otherwise; or a position, which is an event
    that has been seen.
    """
    if _POSITION.fullmatch(text):
        position = Position.parse(text)
    elif ago := _AGO.fullmatch(text):
        position = _at(now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("write 10m, 2h or 7d, a moment like 2026-11-20T09:30, or a position") from None
        position = _at(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if position.ms > _at(now).ms:
        raise ValueError("is in the future")
    return position


def _at(moment: datetime) -> Position:
    """Before all that was committed in its second."""
    return Position(max(0, int(moment.timestamp())) * 1000, 0)

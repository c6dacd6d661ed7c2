"""Every event version ever published stays readable: one golden file each, as it stood in a stream."""

import json
from pathlib import Path

import pytest

from write_model.contracts.codec import (
    EVENT_TYPES,
    UPCASTERS,
    UndecodableEvent,
    decode,
    decode_tombstone,
    encode,
    encode_tombstone,
    tombstone_for,
)

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.json"))


def read(path: Path) -> dict[str, str]:
    """A file holds the entry's fields; `data`, a JSON text in the stream, is an object there, to be read by people."""
    entry = json.loads(path.read_text())
    return {**entry, "data": json.dumps(entry["data"], separators=(",", ":"), ensure_ascii=False)}


def test_every_version_of_every_event_has_a_file() -> None:
    expected = {
        f"{name}.v{version}.json"
        for name, event in EVENT_TYPES.items()
        for version in range(1, event.schema_version + 1)
    }
    assert {path.name for path in FILES} == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_event_is_read(path: Path) -> None:
    entry = read(path)
    envelope = decode(entry)
    assert type(envelope.event).__name__ == entry["type"]
    if int(entry["schema"]) == envelope.event.schema_version:
        written = {field: v.decode() if isinstance(v, bytes) else v for field, v in encode(envelope).items()}
        assert written == entry, "what is written today is what was written then"


def test_every_older_version_has_an_upcaster() -> None:
    older = {(name, version) for name, event in EVENT_TYPES.items() for version in range(1, event.schema_version)}
    assert set(UPCASTERS) == older


@pytest.mark.parametrize(
    "change", [{"type": "OrderTeleported"}, {"schema": "99"}, {"data": "{}"}, {"data": "{"}, {"version": "x"}]
)
def test_what_cannot_be_read_says_so(change: dict[str, str]) -> None:
    entry = {**read(GOLDEN / "OrderPlaced.v1.json"), **change}
    with pytest.raises(UndecodableEvent):
        decode(entry)


def test_a_field_that_is_not_known_yet_is_ignored() -> None:
    entry = read(GOLDEN / "OrderCancelled.v1.json")
    data = {**json.loads(entry["data"]), "refund": 1}
    assert decode({**entry, "data": json.dumps(data)}) == decode(entry)


def test_a_tombstone_is_written_and_read_as_ever() -> None:
    entry = json.loads((GOLDEN / "entries" / "tombstone.json").read_text())
    tombstone = decode_tombstone(entry)
    assert encode_tombstone(tombstone, "OrderCancelled") == entry
    assert tombstone_for(read(GOLDEN / "OrderCancelled.v1.json")) == entry


@pytest.mark.parametrize("change", [{"aggregate": None}, {"version": None}, {"version": ""}])
def test_a_tombstone_that_does_not_say_whose_is_none(change: dict[str, str | None]) -> None:
    entry = json.loads((GOLDEN / "entries" / "tombstone.json").read_text())
    with pytest.raises(UndecodableEvent):
        decode_tombstone({name: text for name, text in {**entry, **change}.items() if text is not None})

"""What is wrong with an event may be told to anybody; what it holds is its customer's own business."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ValidationError

from write_model.contracts.codec import EVENT_TYPES

SECRET = "Grace Hopper"


def parts_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """All models of the published language."""
    for part in model.__subclasses__():
        if part.__module__.startswith("write_model.contracts."):
            yield part
        yield from parts_of(part)


PARTS = sorted(set(parts_of(BaseModel)), key=lambda part: part.__name__)


def test_all_events_are_looked_at() -> None:
    assert set(EVENT_TYPES.values()) < set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_an_error_says_nothing_of_what_was_read(part: type[BaseModel]) -> None:
    said = ""
    for wrong in (SECRET, [SECRET], {"a": SECRET}):
        for data in (wrong, dict.fromkeys(part.model_fields, wrong)):
            try:
                part.model_validate(data)
            except ValidationError as error:
                said += f"{error} {error!r}"
    assert part.__name__ in said
    assert SECRET not in said

"""Where the fields of a type stand in what a query found: said once, in the type, for the executor and for plans.

A source is a row of the read model, some of its leaves, or an object; a field without a resolver is its leaf, or its
attribute, of the same name, unless the type says otherwise (`shows`, `made_of`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_object_type,
)
from pydantic_core import from_json
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from read_model.rows import SUMMARY, Row

T = TypeVar("T", bound=type)

BEHIND: Final = "strawberry-definition"
_MADE_OF: Final = "made of"
_SHOWS: Final = "__shows__"


class Shape(NamedTuple):
    """How a type stands in a row: the number of each leaf, and the fields that are called otherwise there."""

    leaves: Mapping[str, int]
    called: Mapping[str, str]
    is_row: bool
    """Or a part of one."""

    def name(self, field: str) -> str:
        """What a field is called in the row: the name of a leaf, maybe of a row around this one, or of a part."""
        return self.called.get(field, field)


def shows(row: type[Any], **called: str) -> Callable[[T], T]:
    """The type's fields are leaves of such rows (NamedTuples), and parts, by their names or as they are `called`."""
    return _remember(row, called, is_row=True)


def shows_part(part: type[Any], **called: str) -> Callable[[T], T]:
    """The type's fields are leaves of such a part of a row; or attributes of an object, where it is in no row."""
    return _remember(part, called, is_row=False)


def _remember(stored: type[Any], called: Mapping[str, str], *, is_row: bool) -> Callable[[T], T]:
    leaves = {name: number for number, name in enumerate(stored._fields)}

    def remember(cls: T) -> T:
        setattr(cls, _SHOWS, Shape(leaves, called, is_row))
        return cls

    return remember


def made_of(**names: str) -> Mapping[str, Mapping[str, str]]:
    """Metadata of a field: an object whose fields are those of the source itself, by these names."""
    return {_MADE_OF: names}


def shape_of(type: GraphQLObjectType) -> Shape | None:
    """How the type stands in rows; None where it is in none."""
    definition: StrawberryObjectDefinition = type.extensions[BEHIND]
    return getattr(definition.origin, _SHOWS, None)


def behind(field: GraphQLField) -> StrawberryField:
    """What the field is in Python."""
    definition: StrawberryField = field.extensions[BEHIND]
    return definition


def parts_of_source(field: GraphQLField) -> Mapping[str, str] | None:
    """The names of `made_of`; None for a field that has none."""
    names: Mapping[str, str] | None = behind(field).metadata.get(_MADE_OF)
    return names


@dataclass(frozen=True, slots=True)
class Leaves:
    """Some leaves of a row, as JSON fragments; `around` are those that they stand among."""

    shape: Shape
    fragments: Sequence[str]
    row: Row
    around: "Leaves | None" = None

    def leaf(self, name: str) -> str:
        """The leaf of that name here, or around here."""
        if name in self.shape.leaves:
            return self.fragments[self.shape.leaves[name]]
        if self.around is None:
            raise LookupError(f"a row has no leaf {name}")
        return self.around.leaf(name)

    def part(self, name: str, shape: Shape) -> list["Leaves"]:
        """The lines of a part that is a table."""
        text, width = self.row.texts[name], len(shape.leaves)
        cells = text.split("\n") if text else []
        return [Leaves(shape, cells[at : at + width], self.row, self) for at in range(0, len(cells), width)]


class Made(NamedTuple):
    """An object made of others' fields."""

    source: Any
    names: Mapping[str, str]


def resolve_from_sources(schema: GraphQLSchema) -> None:
    """Let the executor find every field without a resolver as its type says."""
    for type in schema.type_map.values():
        if is_object_type(type) and not type.name.startswith("__"):
            for field in type.fields.values():
                if behind(field).base_resolver is None:
                    field.resolve = _resolver(type, field)


def _resolver(type: GraphQLObjectType, field: GraphQLField) -> Callable[..., Any]:
    shape, python_name, names = shape_of(type), behind(field).python_name, parts_of_source(field)
    within = get_named_type(field.type)
    part = shape_of(within) if is_object_type(within) else None
    is_list = is_list_type(get_nullable_type(field.type))

    def resolve(source: Any, _: Any) -> Any:
        if shape and isinstance(source, Row):
            source = Leaves(shape, source.texts[SUMMARY].split("\n"), source)
        if names is not None:
            return Made(source, names)
        if shape and part and isinstance(source, Leaves):
            lines = source.part(shape.name(python_name), part)
            return lines if is_list else lines[0] if lines else None
        return _value(source, python_name)

    return resolve


def _value(source: Any, name: str) -> Any:
    match source:
        case Made():
            return _value(source.source, source.names.get(name, name))
        case Leaves():
            return from_json(source.leaf(source.shape.name(name)))
    return getattr(source, name)

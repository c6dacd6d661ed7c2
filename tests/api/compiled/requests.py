"""Any query that the schema allows, and some that it does not: documents with variables, as hypothesis draws them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)
from hypothesis import strategies as st

MOST_FIELDS: Final = 4
"""Of one selection."""
DEEPEST: Final = 6
BAD: Final[tuple[Any, ...]] = (None, "five", 2**31, -1, 1.5, True, [], {"x": 1}, "")
"""What a variable may hold that it should not."""


@dataclass(frozen=True)
class Request:
    """A document, and what is sent along."""

    document: str
    variables: Mapping[str, Any]
    operation_name: str | None


@dataclass
class _Made:
    """What the document has so far."""

    rng: Random
    schema: GraphQLSchema
    pool: Mapping[str, Sequence[Any]]
    """Values by the name of the argument or of the input's field, or by that of the query and its."""
    declared: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By name: the type's name, and the selection."""
    said: dict[tuple[str, ...], tuple[str, str]] = field(default_factory=dict)
    """The field and its arguments, by path: what has the same name must be the same."""

    def chance(self, percent: int) -> bool:
        return self.rng.random() * 100 < percent

    def one_of(self, choices: Sequence[Any]) -> Any:
        return self.rng.choice(choices)

    def variable(self, type: str, value: Any, default: str | None = None) -> str:
        """A new variable with that value; now and then with none, or a bad one."""
        name = f"v{len(self.declared)}"
        self.declared.append(f"${name}: {type}" + (f" = {default}" if default is not None else ""))
        if self.chance(1):
            value = self.one_of(BAD)
        if not self.chance(1 if default is None else 50):
            self.variables[name] = value
        return f"${name}"

    def selection(self, type: Any, path: tuple[str, ...], depth: int) -> str:
        names = self.rng.choices(self._fields(type, depth), k=self.rng.randint(1, MOST_FIELDS))
        return "{ " + " ".join(self._selected(type, name, path, depth) for name in names) + " }"

    def _fields(self, type: Any, depth: int) -> list[str]:
        """The names of fields; of leaves only where it is deep enough."""
        there = type.fields.items()
        if type is self.schema.mutation_type:
            # Requests to projectors are no commands: nobody would answer them here.
            there = [(name, field) for name, field in there if get_named_type(field.type).name == "CommandResult"]
        names = [name for name, field in there if depth < DEEPEST or is_leaf_type(get_named_type(field.type))]
        return [*names, "__typename"]

    def _selected(self, type: Any, name: str, path: tuple[str, ...], depth: int) -> str:
        """A field, by itself or in a fragment."""
        if not self.chance(20):
            return self._field(type, name, path, depth)
        if self.chance(50):
            on = f" on {self._condition(type)}" if self.chance(60) else ""
            inner = self._named(on.removeprefix(" on ")) if on else type
            return f"...{on}{self._directives()} {self.selection(inner, path, depth)}"
        known = [name for name, (on, _) in self.fragments.items() if on == type.name and self.chance(50)]
        if known and depth > 1:
            return f"...{known[0]}{self._directives()}"
        fragment = f"F{len(self.fragments)}"
        self.fragments[fragment] = ("", "")
        on = self._condition(type)
        self.fragments[fragment] = (on, self.selection(self._named(on), path, depth))
        return f"...{fragment}{self._directives()}"

    def _condition(self, type: Any) -> str:
        """The type itself, one of those that it may be, or its interface."""
        related = [type, *getattr(type, "interfaces", ())]
        if is_abstract_type(type):
            related += self.schema.get_possible_types(type)
        return str(self.one_of(related).name)

    def _named(self, name: str) -> Any:
        return self.schema.type_map[name]

    def _field(self, type: Any, name: str, path: tuple[str, ...], depth: int) -> str:
        alias = self.one_of((f"{name}Too", "class", "a")) if self.chance(15) else None
        path = (*path, type.name, alias or name)
        said = self.said.get(path)
        if said is None:
            said = self.said[path] = (name, "" if name == "__typename" else self._arguments(name, type.fields[name]))
        name, arguments = said
        text = (f"{alias}: " if alias else "") + name + arguments + self._directives()
        named = None if name == "__typename" else get_named_type(type.fields[name].type)
        return text if named is None or is_leaf_type(named) else f"{text} {self.selection(named, path, depth + 1)}"

    def _directives(self) -> str:
        if not self.chance(10):
            return ""
        which, value = self.one_of(("skip", "include")), self.chance(50)
        if self.chance(50):
            default = json.dumps(self.chance(50)) if self.chance(20) else None
            condition = self.variable("Boolean!", value, default)
        else:
            condition = json.dumps(value)
        return f" @{which}(if: {condition})"

    def _arguments(self, name: str, field: GraphQLField) -> str:
        given = [
            f"{argument_name}: {self._given((name, argument_name), argument)}"
            for argument_name, argument in field.args.items()
            if is_required_argument(argument) or self.chance(25)
        ]
        return f"({', '.join(given)})" if given else ""

    def _given(self, name: tuple[str, str], argument: GraphQLArgument | GraphQLInputField) -> str:
        """A value in the document, or a variable that holds it."""
        value = self._value(name, argument.type)
        if not self.chance(35):
            return self._literal(value, argument.type)
        default = self._literal(self._value(name, argument.type), argument.type) if self.chance(30) else None
        return self.variable(str(argument.type), value, default)

    def _value(self, name: tuple[str, str], type: Any) -> Any:
        """As JSON has it."""
        if not is_non_null_type(type) and self.chance(8):
            return None
        type = get_nullable_type(type)
        if is_list_type(type):
            return [self._value(name, type.of_type) for _ in range(self.rng.randint(0, 2))]
        if is_enum_type(type):
            return self.one_of(list(type.values))
        if is_input_object_type(type):
            inner = type.fields.items()
            chances = {key: 98 if is_required_input_field(field) else 40 for key, field in inner}
            return {key: self._value((name[0], key), field.type) for key, field in inner if self.chance(chances[key])}
        return self.one_of(self.pool.get(".".join(name)) or self.pool[name[1]])

    def _literal(self, value: Any, type: Any) -> str:
        type = get_nullable_type(type)
        if isinstance(value, list) and is_list_type(type):
            return "[" + ", ".join(self._literal(item, type.of_type) for item in value) + "]"
        if isinstance(value, dict) and is_input_object_type(type):
            inner = {name: self._inner(item, type.fields[name].type) for name, item in value.items()}
            return "{" + ", ".join(f"{name}: {text}" for name, text in inner.items()) + "}"
        return str(value) if is_enum_type(type) and value is not None else json.dumps(value, ensure_ascii=False)

    def _inner(self, value: Any, type: Any) -> str:
        return self.variable(str(type), value) if self.chance(10) else self._literal(value, type)


@st.composite
def requests(draw: st.DrawFn, schema: GraphQLSchema, pool: Mapping[str, Sequence[Any]]) -> Request:
    """A request for a query, with values from the pool."""
    # Drawn through hypothesis, each choice by itself, it would be the seldom ones that come most often.
    made = _Made(draw(st.randoms(use_true_random=True)), schema, pool)
    selection = made.selection(schema.query_type, (), 1)
    variables = f"({', '.join(made.declared)})" if made.declared else ""
    name = made.one_of(("", "", "Q")) if not variables else "Q"
    document = f"query {name}{variables} {selection}"
    asked = name or None
    if made.chance(5):
        document += " query Other { projection { parkedEvents } }"
        asked = made.one_of((asked, asked, "Other", "Nobody"))
    for fragment, (on, body) in made.fragments.items():
        document += f" fragment {fragment} on {on} {body}"
    return Request(document, made.variables, asked)


@st.composite
def subscriptions(
    draw: st.DrawFn, schema: GraphQLSchema, pool: Mapping[str, Sequence[Any]], name: str, root: str
) -> Request:
    """A request for a subscription, which is its operation's name, with any selection; `root` is the field itself."""
    made = _Made(draw(st.randoms(use_true_random=True)), schema, pool)
    assert schema.subscription_type is not None
    type = get_named_type(schema.subscription_type.fields[name].type)
    alias = made.one_of(("", "", "a: "))
    field = f"{alias}{root} {made.selection(type, (name,), 1)}"
    variables = f"({', '.join(made.declared)})" if made.declared else ""
    document = f"subscription {name}{variables} {{ {field} }}"
    for fragment, (on, body) in made.fragments.items():
        document += f" fragment {fragment} on {on} {body}"
    return Request(document, made.variables, name)


@st.composite
def mutations(draw: st.DrawFn, schema: GraphQLSchema, pool: Mapping[str, Sequence[Any]]) -> Request:
    """A request for one or two mutations, seldom more."""
    made = _Made(draw(st.randoms(use_true_random=True)), schema, pool)
    type = schema.mutation_type
    assert type is not None
    names = made.rng.choices(made._fields(type, 1)[:-1], k=made.one_of((1, 1, 1, 1, 2)))
    selection = "{ " + " ".join(made._selected(type, name, (), 1) for name in names) + " }"
    variables = f"({', '.join(made.declared)})" if made.declared else ""
    document = f"mutation M{variables} {selection}"
    for fragment, (on, body) in made.fragments.items():
        document += f" fragment {fragment} on {on} {body}"
    return Request(document, made.variables, "M")

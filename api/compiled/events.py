"""Events of subscriptions, written by plans: the payload of one is made once for all who selected the same of it."""

import logging
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final, get_args
from weakref import WeakValueDictionary

from graphql import (
    DocumentNode,
    GraphQLField,
    GraphQLResolveInfo,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    get_named_type,
    is_object_type,
)
from graphql.execution.collect_fields import collect_fields

from api.compiled.code import NotPlanned, Piece, Scope, Writer
from api.compiled.plans import conditions_of, has_unknown_directives, run_code
from api.compiled.sources import behind
from api.context import Context
from read_model.rows import Row

MOST_PLANS: Final = 1_000
"""Of different selections at once; whoever comes with another has the executor."""

_log = logging.getLogger(__name__)


class Payload:
    """What tells of the events of one selection."""

    def __init__(self, code: str, write: Callable[[Any], str], content: Callable[[Any], object]) -> None:
        self.code = code
        self._write = write
        self._content = content
        # Of the last event.
        self._event: object = None
        self._shown: object = None
        self._payload: bytes | None = None

    def __call__(self, event: object) -> bytes | None:
        """The JSON `{"data":...}`; None where only the executor can say what is wrong with the event.

        The one of the last event is kept: a follower offers an event to one subscriber after another.
        """
        if event is not self._event:
            try:
                content = self._content(event)
                if content != self._shown:
                    self._payload = self._write(event).encode()
            except Exception:
                _log.exception("a plan failed; the executor writes the event instead")
                content, self._payload = None, None
            self._event, self._shown = event, content
        return self._payload


class EventWriter(Writer):
    """Writes the function of one subscription's events."""

    def write_event(self) -> tuple[str, list[str]]:
        """A module with `event`, and the attributes of an event that it shows; NotPlanned."""
        root = self._schema.subscription_type
        assert root is not None
        collected = collect_fields(self._schema, self._fragments, self._values, root, self._operation)
        [(key, details)] = collected.grouped_field_set.items()
        field = root.fields[details[0].node.name.value]
        event = self._function("event", "it")
        if _is_row(field):
            shown, found = ["texts"], self._found(field.type, "it", "path", details, event)
        else:
            type = get_named_type(field.type)
            assert is_object_type(type)
            selected = self._within(type, details)
            names = [group[0].node.name.value for group in selected.values()]
            shown = [behind(type.fields[name]).python_name for name in names if name in type.fields]
            found = self._object(type, selected, Scope(event, "it"))
        if self.reads:
            raise NotPlanned("what is read for each subscriber")
        event.result = Piece(f'{{"data":{{"{key}":{found.template}}}}}', found.expressions).code()
        return self.text(), shown


def make_payload(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, conditions: Mapping[str, Any]
) -> Payload:
    """What tells of a subscription's events; NotPlanned."""
    if has_unknown_directives(document):
        raise NotPlanned("a directive")
    code, shown = EventWriter(schema, document, operation, conditions).write_event()
    # Something has to be compared where nothing of the event is shown.
    return Payload(code, run_code(schema, code)["event"], attrgetter(*shown or ["__class__"]))


class Payloads:
    """Those of the subscriptions that there are, by what they select."""

    def __init__(self) -> None:
        self._there: WeakValueDictionary[tuple[object, ...], Payload] = WeakValueDictionary()

    def of(self, info: GraphQLResolveInfo[Context]) -> Payload | None:
        """What tells of the field's events; None where the executor has to."""
        nodes = (info.operation, *info.fragments.values())
        document = DocumentNode(definitions=nodes, loc=info.operation.loc)
        values: Mapping[str, Any] = info.variable_values  # type: ignore[assignment]  # strawberry gives those coerced
        conditions = {name: values.get(name) for name in conditions_of(document)}
        key = (
            info.field_name,
            info.path.key,
            *(_text(node.selection_set) for node in info.field_nodes),
            *(_text(node) for node in info.fragments.values()),
            *conditions.items(),
        )
        if payload := self._there.get(key):
            return payload
        if len(self._there) >= MOST_PLANS or None in conditions.values():
            return None
        try:
            payload = make_payload(info.schema, document, info.operation, conditions)
        except NotPlanned:
            return None
        self._there[key] = payload
        return payload


def write_events_by_plan(schema: GraphQLSchema) -> None:
    """Give the context of every subscription what writes its events, before it begins."""
    payloads = Payloads()
    for field in schema.subscription_type.fields.values() if schema.subscription_type else ():
        field.subscribe = _planning(payloads, field.subscribe)


def _planning(payloads: Payloads, subscribe: Any) -> Callable[..., Any]:
    def planned(source: Any, info: GraphQLResolveInfo[Context], **arguments: Any) -> Any:
        info.context.payload = payloads.of(info)
        return subscribe(source, info, **arguments)

    return planned


def _is_row(field: GraphQLField) -> bool:
    """Whether its events are rows, and not objects with attributes."""
    resolver = behind(field).base_resolver
    assert resolver is not None
    [event, _] = get_args(resolver.signature.return_annotation)  # of an AsyncGenerator
    return event is Row


def _text(node: Node | None) -> str:
    """The node as the document has it."""
    assert node is not None
    assert node.loc is not None
    return node.loc.source.body[node.loc.start : node.loc.end]

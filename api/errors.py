"""Faults of a request as GraphQL errors with a code that clients can act on; nothing internal ever leaves.

Refusals of commands are no faults: they are `userErrors` (receipts.py).
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Any, ClassVar

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from read_model.errors import ReadFault, StaleRead
from write_model.contracts.ids import NOUNS, Kind, kind_of
from write_model.contracts.streams import InvalidToken
from write_model.rejection import Busy, Unavailable

logger = logging.getLogger(__name__)


class Code(StrEnum):
    """What went wrong, for programs: `extensions.code` of an error."""

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    STALE_READ = "STALE_READ"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    SLOW_CONSUMER = "SLOW_CONSUMER"
    THROTTLED = "THROTTLED"
    TIMEOUT = "TIMEOUT"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class Fault(GraphQLError):
    """A fault of a request, said in words for its sender."""

    code: ClassVar[Code]

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message, extensions={"code": self.code, **extensions})


class BadUserInput(Fault):
    code = Code.BAD_USER_INPUT


class Unauthenticated(Fault):
    code = Code.UNAUTHENTICATED


class Forbidden(Fault):
    code = Code.FORBIDDEN


class Throttled(Fault):
    """A client that has done too much lately, and is to wait: `retryAfter` seconds, where it can be said how long."""

    code = Code.THROTTLED


class Refused(Fault):
    """A request that this process does not take, or had to let go: another will answer it."""

    code = Code.UNAVAILABLE


def check_id(id: str, kind: Kind) -> None:
    """BadUserInput for what cannot be the id of such a thing."""
    if kind_of(id) != kind:
        raise BadUserInput(f"This is not the id of {'an' if kind == 'ord' else 'a'} {NOUNS[kind]}.")


class Faults:
    """Gives every error of an answer its code, and hides what clients must not see."""

    def __init__(self, new_error_id: Callable[[], str]) -> None:
        self._new_error_id = new_error_id

    def coded(self, error: GraphQLError) -> GraphQLError:
        """The error with its code; what we did not foresee becomes INTERNAL."""
        if error.extensions and "code" in error.extensions:
            # strawberry would close the whole WebSocket over a GraphQLSyntaxError.
            return _say(error, error.message, **error.extensions) if isinstance(error, GraphQLSyntaxError) else error
        match _cause(error):
            case None if not error.path or error.message.startswith("Argument "):
                # graphql-core's own words about a variable or an argument that it cannot read.
                return _say(error, error.message, code=Code.BAD_USER_INPUT)
            case StaleRead() as cause:
                return _say(error, str(cause), position=cause.reached.encode(), code=Code.STALE_READ)
            case ReadFault() as cause:
                return _say(error, str(cause), code=Code(cause.code))
            case InvalidToken() as cause:
                return _say(error, f"This is {cause}.", code=Code.BAD_USER_INPUT)
            case Busy() as cause:
                return _say(error, str(cause), code=Code.UNAVAILABLE)
            case Unavailable():
                return _say(error, "The command side cannot answer now, try again.", code=Code.UNAVAILABLE)
            case CannotGetOperationTypeError() as cause:
                return _say(error, cause.as_http_error_reason(), code=Code.BAD_USER_INPUT)
            case InvalidOperationTypeError() | MissingQueryError():
                return _say(error, error.message, code=Code.BAD_USER_INPUT)
            case RecursionError():
                return _say(error, "The document is nested too deeply.", code=Code.BAD_USER_INPUT)
            case cause:
                return self.hide(cause or error, error)

    def hide(self, cause: BaseException, error: GraphQLError | None = None) -> GraphQLError:
        """What clients see of a fault of ours: an id, under which the log tells the rest."""
        error_id = self._new_error_id()
        logger.error("error %s", error_id, exc_info=cause, extra={"error_id": error_id})
        return _say(error, f"Something went wrong here. It is error {error_id}.", errorId=error_id, code=Code.INTERNAL)


class Phases(SchemaExtension):
    """Marks the errors of the two phases before execution, which only show in where they appear."""

    def on_parse(self) -> Iterator[None]:
        """Whatever could not be parsed."""
        yield
        _mark(self.execution_context.pre_execution_errors, Code.GRAPHQL_PARSE_FAILED)

    def on_validate(self) -> Iterator[None]:
        """Whatever the schema does not allow."""
        yield
        _mark(self.execution_context.pre_execution_errors, Code.GRAPHQL_VALIDATION_FAILED)


def _mark(errors: Iterable[GraphQLError] | None, code: Code) -> None:
    for error in errors or ():
        if _cause(error) is None and "code" not in (error.extensions or {}):
            error.extensions = {**(error.extensions or {}), "code": code}


def _cause(error: GraphQLError) -> Exception | None:
    """The exception of ours at the bottom of the error; None where graphql-core raised it by itself."""
    cause: Exception | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _say(error: GraphQLError | None, message: str, **extensions: Any) -> GraphQLError:
    """A clean error in the place of the other."""
    return GraphQLError(
        message,
        nodes=error.nodes if error else None,
        source=error.source if error else None,
        positions=error.positions if error else None,
        path=error.path if error else None,
        extensions=extensions,
    )

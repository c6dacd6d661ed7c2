"""What becomes of an error: a code for what clients can act on, and nothing but an id for what they cannot."""

import logging

import pytest
from graphql import GraphQLError

from api.errors import Faults, Forbidden
from read_model.errors import NoReply, SlowConsumer, StaleRead
from write_model.contracts.streams import InvalidToken, Position, Token
from write_model.rejection import Unavailable

FAULTS = Faults(lambda: "e1")
SECRET = "mongodb://user:password@10.0.0.1"


def code(error: GraphQLError) -> object:
    return (FAULTS.coded(error).extensions or {})["code"]


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (Unavailable(SECRET), "UNAVAILABLE"),
        (NoReply(), "UNAVAILABLE"),
        (SlowConsumer(limit=1), "SLOW_CONSUMER"),
        (StaleRead(Token.at(Position(1, 1), (0,))), "STALE_READ"),
        (InvalidToken("no token"), "BAD_USER_INPUT"),
        (Forbidden("no"), "FORBIDDEN"),
        (RecursionError(), "BAD_USER_INPUT"),
        (RuntimeError(SECRET), "INTERNAL"),
        (KeyError(SECRET), "INTERNAL"),
    ],
)
def test_the_cause_of_an_error_gives_its_code_and_no_secret(cause: Exception, expected: str) -> None:
    extensions = cause.extensions if isinstance(cause, GraphQLError) else None
    error = FAULTS.coded(GraphQLError(str(cause), path=["orders"], original_error=cause, extensions=extensions))
    assert (error.extensions or {})["code"] == expected
    assert error.path == ["orders"]
    assert SECRET not in str(error.formatted)


def test_what_nobody_foresaw_is_logged_under_the_id_that_the_client_gets(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        error = FAULTS.coded(GraphQLError("x", path=["orders"], original_error=RuntimeError(SECRET)))
    assert error.formatted["extensions"] == {"code": "INTERNAL", "errorId": "e1"}
    assert "error e1" in caplog.text
    assert SECRET in caplog.text


def test_an_error_of_an_argument_is_the_clients_and_one_of_an_answer_is_ours() -> None:
    assert code(GraphQLError("Argument 'first' ...", path=["orders"])) == "BAD_USER_INPUT"
    assert code(GraphQLError("Enum 'OrderStatus' cannot represent value", path=["orders"])) == "INTERNAL"

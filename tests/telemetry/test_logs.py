"""Logs: a JSON object a line, one for each request, and nothing that is somebody's own business."""

import json
import logging
import sys

from telemetry.logs import json_formatter
from tests.system import staff_token
from tests.telemetry.conftest import Observed


def test_a_line_is_an_object_with_all_that_was_said() -> None:
    try:
        raise ValueError("a reason")
    except ValueError:
        failure = sys.exc_info()
    record = logging.LogRecord("api", logging.ERROR, "file", 1, "error %s", ("abc",), failure)
    record.error_id = "abc"
    line = json.loads(json_formatter("orderstream-api").format(record))
    assert "ValueError: a reason" in line.pop("exception")
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "service": "orderstream-api",
        "level": "ERROR",
        "logger": "api",
        "message": "error abc",
        "error_id": "abc",
    }


async def test_each_request_has_a_line(observed: Observed) -> None:
    def requests(operation: str) -> list[dict[str, object]]:
        return [line for line in observed.lines() if line.get("operation") == operation]

    trace = "0af7651916cd43dd8448eb211c80319c"
    async with observed.system.staff as staff, staff.socket() as socket:
        for _ in range(3):
            headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-00"}
            body = {"query": "query Logged { orders { totalCount } }"}
            assert (await staff.http.post("/graphql", json=body, headers=headers)).status_code == 200
        await staff.codes("query LoggedFault($id: ID!) { order(id: $id) { status } }", id="nonsense")
        await socket.subscribe("1", "query LoggedSocket { orders { totalCount } }")
        await socket.nexts("1", 1)
    lines = requests("Logged")
    assert len(lines) == 3
    for line in lines:
        assert isinstance(line.pop("seconds"), float)
        assert str(line.pop("message")).startswith("query Logged: ok in ")
        assert line.pop("time")
        assert line == {
            "service": "orderstream-api",
            "level": "INFO",
            "logger": "api.requests",
            "method": "POST",
            "path": "/graphql",
            "operation": "Logged",
            "type": "query",
            "outcome": "ok",
            "status": 200,
            "role": "staff",
            "subject": "staff",
            "trace_id": trace,
        }
    [fault] = requests("LoggedFault")
    assert (fault["outcome"], fault["status"]) == ("BAD_USER_INPUT", 200)
    [over_socket] = requests("LoggedSocket")
    assert (over_socket["method"], over_socket["outcome"]) == ("WEBSOCKET", "ok")


async def test_nothing_in_the_logs_is_somebodys_own(observed: Observed) -> None:
    async with observed.system.staff as staff:
        mutation = """mutation Secret($input: RegisterCustomerInput!) {
            registerCustomer(input: $input) { userErrors { code } }
        }"""
        for number in range(3):
            await staff.data(mutation, input={"name": "Grace Hopper", "email": f"grace{number}@navy.example"})
    text = observed.system.log.read_text()
    assert '"operation": "Secret"' in text
    for secret in ("Grace", "navy.example", staff_token().split(".")[0], "RegisterCustomerInput"):
        assert secret not in text

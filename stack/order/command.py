"""`orderstream order`: reads both sides, as far as they answer, compares and shows."""

from collections.abc import Awaitable
from typing import TypeVar

from stack.console import complain, show_json
from stack.exit_codes import ExitCode
from stack.ids import must_be_an_id
from stack.operator_error import OperatorError
from stack.order.comparison import compare
from stack.order.reading import read_shown, read_written
from stack.order.report import as_json as to_json
from stack.order.report import show_order
from stack.order.verdict import findings
from write_model.startup import system_clock

T = TypeVar("T")


async def run(id: str, *, as_json: bool) -> ExitCode:
    """Show the order; OperatorError where nobody has it. Of a side that does not answer there is a complaint."""
    must_be_an_id(id, "ID", "ord")
    # Redis first: whatever it shows then, MongoDB has when it is asked.
    shown, no_redis = await _attempt(read_shown(id))
    written, no_mongodb = await _attempt(read_written(id))
    if written and not written.state and not written.events and not (shown and shown.row):
        raise OperatorError(f"MongoDB has no order {id}: is MONGODB_DATABASE the right one?")
    row = shown.row if shown else None
    compared = (
        compare(written.state, written.events, written.discarded.keys(), row)
        if written
        else compare(None, None, frozenset(), row)
    )
    problems = findings(id, written, shown, compared, system_clock()) if written and shown else []
    if as_json:
        show_json(to_json(id, written, shown, compared, problems))
    elif written or row:
        show_order(id, written, shown, compared, problems)
    for problem in (no_mongodb, no_redis):
        if problem:
            complain(problem)
    if no_mongodb or no_redis:
        return ExitCode.FAILED
    return ExitCode.NO if problems else ExitCode.DONE


async def _attempt(reading: Awaitable[T]) -> tuple[T | None, str]:
    """What was read, or why it could not be."""
    try:
        return await reading, ""
    except OperatorError as error:
        return None, str(error)
    except Exception as error:
        from stack.failures import as_line

        line = as_line(error)
        if line is None:
            raise
        return None, line

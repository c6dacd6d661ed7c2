"""What the events of queued commands make of the read model."""

from projector.rows import OpenOrder
from read_model.schema.changes import CommandChanged
from read_model.schema.commands import CommandRow, RefusalRow
from tests.projector.events import ORDER, an_id, at, history
from tests.projector.story import Story, given
from write_model.contracts.commands import CommandCommitted, CommandQueued, CommandRejected, Refusal, Sender

COMMAND = an_id("cmd", 1)
QUEUED = CommandQueued(name="confirmOrder", input={"orderId": ORDER}, sender=Sender(role="staff", subject="ada"))
COMMITTED = CommandCommitted(result_id=ORDER, result_version=2)
REJECTED = CommandRejected(
    refusals=(
        Refusal(code="INVALID_INPUT", message="Not so.", field=("input", "lines", "0")),
        Refusal(code="NOT_FOUND", message="Not\nthere."),
    )
)
ROW = CommandRow(COMMAND, 1, "confirmOrder", "QUEUED", "staff:ada", queued_at=at(1))


def the_command(story: Story) -> CommandRow:
    return CommandRow.decode(story.rows[CommandRow, COMMAND])


def test_a_queued_command_has_a_row_in_its_senders_name() -> None:
    story = given().step(history(COMMAND, QUEUED))
    assert the_command(story) == ROW
    assert story.notices == [CommandChanged(COMMAND, 1)]


def test_a_committed_command_names_what_it_changed() -> None:
    queued, committed = history(COMMAND, QUEUED, COMMITTED)
    story = given(queued).step([committed])
    assert the_command(story) == ROW._replace(
        version=2, status="COMMITTED", settled_at=at(2), result_id=ORDER, result_version=2
    )
    assert story.notices == [CommandChanged(COMMAND, 2)]
    assert (OpenOrder, ORDER) not in story.rows, "the order's own events say what became of it"


def test_a_rejected_command_says_why() -> None:
    story = given().step(history(COMMAND, QUEUED, REJECTED))
    refusals = (
        RefusalRow("INVALID_INPUT", "Not so.", ("input", "lines", "0")),
        RefusalRow("NOT_FOUND", "Not\nthere.", None),
    )
    assert the_command(story) == ROW._replace(version=2, status="REJECTED", settled_at=at(2), refusals=refusals)


def test_what_was_seen_says_nothing_new() -> None:
    queued, committed = history(COMMAND, QUEUED, COMMITTED)
    story = given(queued, committed)
    before = the_command(story)
    assert the_command(story.step([queued, committed])) == before
    assert story.notices == []

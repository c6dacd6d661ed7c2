"""Events of queued commands, projected to the command's row and the feed."""

from collections.abc import Sequence
from typing import assert_never

from projector.projections.sequence import is_news
from projector.rows import Rows
from projector.writes import Announce, Put, Write
from read_model.schema.changes import CommandChanged
from read_model.schema.commands import CommandRow, RefusalRow
from write_model.contracts.codec import encode_time
from write_model.contracts.commands import CommandCommitted, CommandEvent, CommandQueued, CommandRejected
from write_model.contracts.envelope import Envelope


def project(envelope: Envelope[CommandEvent], rows: Rows) -> Sequence[Write]:
    """The writes of a queued command's event."""
    row = rows.find(CommandRow, envelope.aggregate_id)
    if not is_news(envelope, row.version if row else 0):
        return ()
    changed = _changed(envelope, rows)
    return [Put(changed.id, changed), Announce(CommandChanged(changed.id, changed.version))]


def _changed(envelope: Envelope[CommandEvent], rows: Rows) -> CommandRow:
    id, version, event, at = envelope.aggregate_id, envelope.version, envelope.event, encode_time(envelope.occurred_at)
    if isinstance(event, CommandQueued):
        return CommandRow(id, version, event.name, "QUEUED", envelope.actor, queued_at=at)
    settled = rows.need(CommandRow, id)._replace(version=version, settled_at=at)
    match event:
        case CommandCommitted():
            return settled._replace(status="COMMITTED", result_id=event.result_id, result_version=event.result_version)
        case CommandRejected():
            refusals = tuple(RefusalRow(refusal.code, refusal.message, refusal.field) for refusal in event.refusals)
            return settled._replace(status="REJECTED", refusals=refusals)
        case _:
            assert_never(event)

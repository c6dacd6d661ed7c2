"""The metrics of the command side, each named once: what the mechanisms have counted, as it stands when it is asked."""

from collections.abc import Callable
from typing import NamedTuple

from telemetry.metrics import Metric, Source, counter, gauge, histogram
from write_model.contracts.streams import Position
from write_model.mongo.backlog import Backlog
from write_model.mongo.committer import Committer
from write_model.mongo.connections import Connections
from write_model.outcomes import Outcomes


class Publication(NamedTuple):
    """How far a relay is."""

    is_ours: bool
    """Whether this relay is the one that publishes."""
    events: int
    """That it has published."""
    unpublished: int
    """Events that it has read of the journal and not published yet."""
    unrecorded: int
    """Events that it has published, and not recorded yet."""
    pauses: int
    """How often it had to begin anew."""
    position: Position | None
    """Up to which everything has been published."""


def of_commands(outcomes: Outcomes, committer: Committer, connections: Connections) -> Source:
    """Commands, commits, and the connections on which they are made."""

    async def collect() -> list[Metric]:
        counts = [(key, count) for key, count in outcomes.counts.items()]
        seconds = [((name,), its) for name, its in outcomes.seconds.items()]
        commits = committer.commits
        sizes, took = commits.commands, commits.seconds
        states = [(("open",), connections.open), (("in_use",), connections.at_work)]
        return [
            Metric("counter", "orderstream_commands_total", "Commands, by outcome: what became of them, or why they "
                   "were refused.", ("command", "outcome"), counts),
            Metric("histogram", "orderstream_command_seconds", "From a command's arrival to its receipt or refusal.",
                   ("command",), seconds),
            histogram("orderstream_commit_commands", "Commands that one transaction committed.", sizes),
            histogram("orderstream_commit_seconds", "From reading what commands need to the commit of all.", took),
            counter("orderstream_committed_events_total", "Events committed to the journal.", commits.events),
            counter("orderstream_commit_conflicts_total", "Transactions that had to be tried again, because others "
                    "had changed the same things, or MongoDB got a new primary.", commits.conflicts),
            gauge("orderstream_commands_waiting", "Commands that wait for the next transaction.", committer.waiting),
            Metric("gauge", "orderstream_mongodb_connections", "Connections to MongoDB: those open, and those of them "
                   "in use.", ("state",), states),
        ]  # fmt: skip

    return collect


def of_queue(backlog: Backlog) -> Source:
    """The queue, as MongoDB has it."""

    async def collect() -> list[Metric]:
        waiting = await backlog.count()
        return [gauge("orderstream_commands_queued", "Queued commands that wait for a worker.", waiting)]

    return collect


def of_relay(state: Callable[[], Publication]) -> Source:
    """Publication."""

    async def collect() -> list[Metric]:
        its = state()
        position = its.position.ms / 1000 if its.position else 0.0
        return [
            gauge("orderstream_relay_leader", "1 in the relay that publishes, 0 in one that stands by.", its.is_ours),
            counter("orderstream_relay_published_events_total", "Events published to the streams.", its.events),
            gauge("orderstream_relay_backlog_events", "Events read of the journal and not published yet, as far as "
                  "they have been read.", its.unpublished),
            gauge("orderstream_relay_unrecorded_events", "Events published, whose positions are not recorded yet.",
                  its.unrecorded),
            gauge("orderstream_relay_position_timestamp_seconds", "When what was published last was committed, "
                  "heartbeats included; 0 in a relay that has published nothing.", position),
            counter("orderstream_relay_pauses_total", "Failures after which publication began anew.", its.pauses),
        ]  # fmt: skip

    return collect


def of_worker(is_ours: Callable[[], bool]) -> Source:
    """The work on the queue."""

    async def collect() -> list[Metric]:
        meaning = "1 in the worker that runs queued commands, 0 in one that stands by."
        return [gauge("orderstream_worker_leader", meaning, is_ours())]

    return collect

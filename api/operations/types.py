"""The system itself as staff see it: its flow, its partitions, its processes."""

import strawberry

from api.scalars import DateTime, date_time
from read_model import operations as shown
from read_model.schema.generations import Making


@strawberry.type(
    description="What goes through the whole system, from commands to subscribers: the last second of all processes."
)
class Flow:
    commands_per_second: float = strawberry.field(description="Commands that came to an end, refused ones included.")
    commits_per_second: float = strawberry.field(description="Transactions that were committed.")
    commands_per_commit: float = strawberry.field(description="Commands that one transaction committed, on average.")
    commit_seconds: float = strawberry.field(
        description="From reading what commands need to the commit of all, on average."
    )
    committed_events_per_second: float = strawberry.field(description="Events committed to the journal.")
    commands_waiting: int = strawberry.field(description="Commands that wait for the next transaction.")
    commands_queued: int = strawberry.field(description="Commands sent with `respond-async` that wait for a worker.")
    journal_backlog: int = strawberry.field(
        description="Events that the relay has read of the journal and not published yet."
    )
    published_events_per_second: float = strawberry.field(description="Events published to the streams.")
    lag_events: int = strawberry.field(
        description="Published events that are not projected yet; of each partition 1,000 are counted."
    )
    lag_seconds: float = strawberry.field(
        description="Age of the oldest event that is not projected yet; 0 where there is none."
    )
    projected_events_per_second: float = strawberry.field(description="Events taken in by the projectors.")
    parked_events: int = strawberry.field(
        description="Events set aside because they, or earlier ones, could not be projected."
    )
    notices_per_second: float = strawberry.field(
        description="Changes heard of in the feeds, by all processes that serve the API together."
    )
    feed_delay_seconds: float = strawberry.field(
        description="From when a command was taken until processes heard of its change, on average; sampled."
    )
    requests_per_second: float = strawberry.field(description="Operations that were answered.")
    subscriptions: int = strawberry.field(description="Subscriptions that are served.")
    sockets: int = strawberry.field(description="WebSockets that are open.")

    @classmethod
    def of(cls, its: shown.Operations) -> "Flow":
        """Of all processes and partitions together."""
        return cls(
            commands_per_second=its.total("orderstream_commands_total"),
            commits_per_second=its.total("orderstream_commit_commands_count"),
            commands_per_commit=its.mean("orderstream_commit_commands"),
            commit_seconds=its.mean("orderstream_commit_seconds"),
            committed_events_per_second=its.total("orderstream_committed_events_total"),
            commands_waiting=int(its.total("orderstream_commands_waiting")),
            commands_queued=int(its.most("orderstream_commands_queued")),
            journal_backlog=int(its.total("orderstream_relay_backlog_events")),
            published_events_per_second=its.total("orderstream_relay_published_events_total"),
            lag_events=sum(partition.lag.events for partition in its.partitions),
            lag_seconds=max((round(partition.lag.seconds, 3) for partition in its.partitions), default=0.0),
            projected_events_per_second=its.total("orderstream_projector_events_total"),
            parked_events=sum(partition.lag.parked for partition in its.partitions),
            notices_per_second=its.total("orderstream_feed_notices_total"),
            feed_delay_seconds=its.mean("orderstream_feed_delay_seconds"),
            requests_per_second=its.total("orderstream_requests_total"),
            subscriptions=int(its.total("orderstream_subscriptions")),
            sockets=int(its.total("orderstream_sockets")),
        )


@strawberry.type(description="A generation of a partition's read model in the making, beside the one that serves.")
class Rebuild:
    generation: int = strawberry.field(description="The number that it will have; none is used twice.")
    purpose: str = strawberry.field(description='"rebuild", or "verify" where it is made to be compared with.')
    position: str = strawberry.field(description="Up to where it shows the partition's events.")
    replayed_events: int = strawberry.field(
        description="Events of the journal that were gone through for it, those of other partitions included."
    )
    total_events: int = strawberry.field(
        description="Events that the journal has, as it was counted when that began; 0 before."
    )
    problem: str | None = strawberry.field(
        description="Why it cannot be finished. Nobody goes on with it; ask for a rebuild anew."
    )

    @classmethod
    def of(cls, making: Making) -> "Rebuild":
        """The generation as staff see it."""
        return cls(
            generation=making.generation,
            purpose=making.purpose,
            position=str(making.position),
            replayed_events=making.passed,
            total_events=making.total,
            problem=making.problem or None,
        )


@strawberry.type(description="A share of all events, in their order, with the read model that is made of them.")
class Partition:
    number: int = strawberry.field(description="Counted from 0.")
    published_position: str = strawberry.field(
        description="Where its stream ends: second and increment of a commit, and the event's place there."
    )
    stream_length: int = strawberry.field(description="Entries that the stream keeps, heartbeats included.")
    projected_position: str = strawberry.field(description="Everything up to here is shown.")
    lag_events: int = strawberry.field(description="Events published and not projected yet, counted up to 1,000.")
    lag_seconds: float = strawberry.field(description="Age of the oldest of them; 0 where there is none.")
    parked_events: int = strawberry.field(description="Its events that are parked.")
    events_per_second: float = strawberry.field(description="Events that its projector has taken in.")
    owner: strawberry.ID | None = strawberry.field(
        description="The process that projects it; null where nobody does, for the moment."
    )
    generation: int = strawberry.field(description="The generation of its read model that serves.")
    is_complete: bool = strawberry.field(
        description="False while the read model is prepared for the first time, or after Redis was lost."
    )
    rebuild: Rebuild | None = strawberry.field(
        description="The generation in the making; null where none is. One that is done is the one that serves."
    )

    @classmethod
    def of(cls, its: shown.Partition) -> "Partition":
        """The partition as staff see it."""
        return cls(
            number=its.number,
            published_position=str(its.published),
            stream_length=its.stream_length,
            projected_position=str(its.lag.position),
            lag_events=its.lag.events,
            lag_seconds=round(its.lag.seconds, 3),
            parked_events=its.lag.parked,
            events_per_second=its.events_per_second,
            owner=strawberry.ID(its.owner) if its.owner else None,
            generation=its.generation,
            is_complete=its.is_complete,
            rebuild=Rebuild.of(its.making) if its.making else None,
        )


@strawberry.type(
    description=(
        "A process that is alive, and its last second. A number is null where processes of its kind have none, and in\n"
        "the first second."
    )
)
class Process:
    id: strawberry.ID = strawberry.field(description="Like no other's.")
    part: str = strawberry.field(
        description='What it does: "api", "relay", "projector", "worker" or "expiry"; others may come.'
    )
    host: str = strawberry.field(description="The machine's name.")
    pid: int = strawberry.field(description="The process's number there.")
    started_at: DateTime = strawberry.field(description="When it began.")
    leads: bool | None = strawberry.field(
        description="Whether it is the relay, or the worker, that works while others stand by."
    )
    partitions: list[int] = strawberry.field(description="The partitions that it projects.")
    commands_per_second: float | None = strawberry.field(description="Commands that came to an end here.")
    commits_per_second: float | None = strawberry.field(description="Transactions that it has committed.")
    published_events_per_second: float | None = strawberry.field(description="Events that it has published.")
    projected_events_per_second: float | None = strawberry.field(description="Events that it has taken in.")
    notices_per_second: float | None = strawberry.field(description="Changes that it has heard of.")
    requests_per_second: float | None = strawberry.field(description="Operations that it has answered.")
    subscriptions: int | None = strawberry.field(description="Subscriptions that it serves.")
    sockets: int | None = strawberry.field(description="WebSockets that it has open.")

    @classmethod
    def of(cls, its: shown.Process) -> "Process":
        """The process as staff see it."""
        return cls(
            id=strawberry.ID(its.id),
            part=its.part,
            host=its.host,
            pid=its.pid,
            started_at=DateTime(its.started_at),
            leads=its.leads,
            partitions=list(its.partitions),
            commands_per_second=its.number("orderstream_commands_total"),
            commits_per_second=its.number("orderstream_commit_commands_count"),
            published_events_per_second=its.number("orderstream_relay_published_events_total"),
            projected_events_per_second=its.number("orderstream_projector_events_total"),
            notices_per_second=its.number("orderstream_feed_notices_total"),
            requests_per_second=its.number("orderstream_requests_total"),
            subscriptions=_whole(its.number("orderstream_subscriptions")),
            sockets=_whole(its.number("orderstream_sockets")),
        )


@strawberry.type(description="How the system is doing, at one moment.")
class Operations:
    at: DateTime = strawberry.field(description="The moment, by the clock of Redis.")
    flow: Flow = strawberry.field(description="What goes through all of it.")
    partitions: list[Partition] = strawberry.field(description="All partitions, by number.")
    processes: list[Process] = strawberry.field(
        description="The processes that were heard of in the last seconds, by what they do, the oldest first."
    )

    @classmethod
    def of(cls, its: shown.Operations) -> "Operations":
        """The system as staff see it."""
        return cls(
            at=date_time(its.at),
            flow=Flow.of(its),
            partitions=[Partition.of(partition) for partition in its.partitions],
            processes=[Process.of(process) for process in its.processes],
        )


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)

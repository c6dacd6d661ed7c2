"""The metrics of the query side, each named once: the lag as Redis has it, and what this process does."""

from read_model.changes import Changes
from read_model.connection import Reader
from read_model.delays import Delays
from read_model.multiplexed import Multiplexed
from read_model.projection import COUNTED, lag_by_partition
from telemetry.metrics import Metric, Row, Source, counter, gauge, histogram

_PARTITION = ("partition",)


def of_projection(reader: Reader) -> Source:
    """How far the read model is behind. It is asked of Redis, so it is seen while no projector lives."""

    async def collect() -> list[Metric]:
        lags = await lag_by_partition(reader)
        positions: list[Row] = [((str(p),), lag.position.ms / 1000) for p, lag in lags.items()]
        events: list[Row] = [((str(p),), lag.events) for p, lag in lags.items()]
        seconds: list[Row] = [((str(p),), lag.seconds) for p, lag in lags.items()]
        parked: list[Row] = [((str(p),), lag.parked) for p, lag in lags.items()]
        return [
            Metric("gauge", "orderstream_projection_position_timestamp_seconds", "When the last commit was made that "
                   "is shown, heartbeats included.", _PARTITION, positions),
            Metric("gauge", "orderstream_projection_lag_events", "Events published and not shown yet, counted up to "
                   f"{COUNTED}.", _PARTITION, events),
            Metric("gauge", "orderstream_projection_lag_seconds", "Age of the oldest event published and not shown "
                   "yet; 0 where there is none.", _PARTITION, seconds),
            Metric("gauge", "orderstream_parked_events", "Events that could not be projected, and those that wait "
                   "behind them.", _PARTITION, parked),
        ]  # fmt: skip

    return collect


def of_reads(connection: Multiplexed, changes: Changes, delays: Delays) -> Source:
    """The connection for reads, the feeds, and who listens."""

    async def collect() -> list[Metric]:
        silences: list[Row] = [((str(partition),), seconds) for partition, seconds in changes.silences()]
        return [
            gauge("orderstream_redis_connected", "1 while the connection for reads is there; it is made when it is "
                  "needed.", connection.is_connected),
            gauge("orderstream_redis_reads_in_flight", "Reads of Redis under way.", connection.in_flight),
            counter("orderstream_redis_round_trips_total", "Round trips of reads to Redis.", connection.trips),
            Metric("gauge", "orderstream_feed_silence_seconds", "How long this process has not heard of a partition "
                   "that it goes on.", _PARTITION, silences),
            counter("orderstream_feed_notices_total", "Entries of the feeds that told of a change.", changes.notices),
            histogram("orderstream_feed_delay_seconds", "From when a command was taken until this process heard of "
                      "its order's change; sampled.", delays.seconds),
            gauge("orderstream_subscriptions", "Subscriptions that are served.", changes.subscribers.taken),
            gauge("orderstream_token_waits", "Requests that wait for a consistency token.", changes.waits.taken),
            counter("orderstream_slow_consumers_total", "Subscriptions ended with SLOW_CONSUMER.", changes.too_slow),
        ]  # fmt: skip

    return collect

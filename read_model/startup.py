"""Puts the query side together, and takes it down again."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from read_model.changes import Changes
from read_model.connection import Reader
from read_model.delays import Delays
from read_model.errors import StandsStill, WrongPartitions
from read_model.metrics import of_projection, of_reads
from read_model.multiplexed import open_connection
from read_model.operations import Pulse
from read_model.passing import Passing
from read_model.requests import Requests, open_requests
from read_model.settings import ReadSettings
from telemetry import metrics
from telemetry.metrics import Source
from write_model.contracts.streams import PARTITIONS_KEY


@dataclass(frozen=True)
class ReadModel:
    """The query side, open for questions."""

    reader: Reader
    changes: Changes
    settings: ReadSettings
    requests: Requests
    pulse: Pulse
    passing: Passing
    sources: Sequence[Source]
    """What this process has counted."""

    async def check(self) -> None:
        """Unavailable unless every partition is complete and was seen moving lately, as watermarks make it."""
        there_are = (await self.reader.fetch({0: [("GET", PARTITIONS_KEY)]}))[0][0]
        if there_are and int(there_are) != self.settings.partitions:
            raise WrongPartitions(ours=self.settings.partitions, there_are=there_are)
        await self.reader.read(dict.fromkeys(range(self.settings.partitions), lambda _: ()))
        if silent := self.changes.silent(self.settings.silence_seconds):
            raise StandsStill(seconds=self.settings.silence_seconds, partitions=", ".join(map(str, silent)))


@asynccontextmanager
async def open_read_model(settings: ReadSettings) -> AsyncIterator[ReadModel]:
    """The query side over a Redis, which need not be there yet."""
    delays = Delays(time.time)
    changes = Changes(settings, delays)
    async with (
        open_connection(settings) as connection,
        open_requests(settings) as requests,
        changes.following(),
    ):
        reader = Reader(connection, settings)
        metrics.export(of_projection(reader))
        metrics.export(reads := of_reads(connection, changes, delays))
        passing = Passing(reader, changes, time.time)
        yield ReadModel(reader, changes, settings, requests, Pulse(reader), passing, [reads])

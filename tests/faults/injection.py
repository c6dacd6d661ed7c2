"""Brings the planned faults about, by real means, and finds out how long the system takes to be all there again."""

import asyncio
import os
import signal
import statistics
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field

from tests.faults.clients import Client
from tests.faults.history import Intent
from tests.faults.load import price
from tests.faults.operators import Operator
from tests.faults.oplog import lose_oplog
from tests.faults.plan import Fault
from tests.faults.poison import discard_poison, retry_poison
from tests.faults.proxy import Proxy
from tests.faults.rebuilding import Past, rebuild
from tests.faults.stage import Stage
from write_model.contracts.streams import events_key

RECOVERY_SECONDS = 120.0
HOUR = 3600
REPEATED = 25

# KEYS: a stream of events. ARGV: how many. Adds so many entries of the past again, in their order, just after the last
# watermark, at places that no commit has: a heartbeat has a cluster time of its own, at ordinal 0.
_REPEAT = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not last or last[2][1] ~= 'watermark' then return {} end
local past, added = {}, {}
for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 2000)) do
  if entry[2][1] ~= 'watermark' and #past < tonumber(ARGV[1]) then past[#past + 1] = entry[2] end
end
local ms, seq = string.match(last[1], '^(%d+)-(%d+)$')
for i = #past, 1, -1 do
  added[#added + 1] = redis.call('XADD', KEYS[1], ms .. '-' .. string.format('%d', seq + #added + 1), unpack(past[i]))
end
return added
"""


@dataclass
class Injector:
    """`repeated`: by partition, the ids of the entries that it added to the streams, `past`: those that it let go.

    `recoveries`: seconds, by kind.
    """

    stage: Stage
    operator: Operator
    past: Past = field(default_factory=Past)
    repeated: set[tuple[int, str]] = field(default_factory=set)
    recoveries: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _redis: asyncio.Lock = field(default_factory=asyncio.Lock)
    _mongodb: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def inject(self, fault: Fault) -> None:
        """Do the harm; what lasts for a while is over when this returns."""
        how, _, what = fault.kind.partition(" ")
        if fault.kind.endswith("redis"):
            async with self._redis:
                await self._harm_redis(fault)
        elif what == "primary":
            async with self._mongodb:
                await self._harm_primary(fault)
        elif what.startswith("link"):
            await self._harm_links(how, await self._links(what, fault), 2 + 5 * fault.dice)
        elif fault.kind == "repeat event":
            await self._repeat(fault)
        elif fault.kind == "kill everything":
            async with self._redis, self._mongodb:
                await self._kill_everything()
        elif fault.kind == "lose oplog":
            # What is in the oplog and in the streams alone must not be lost in both.
            async with self._redis, self._mongodb:
                await lose_oplog(self.stage)
        elif fault.kind == "poison":
            remedy = discard_poison if fault.victim == "discard" else retry_poison
            await remedy(self.operator, self._redis)
        elif fault.kind == "rebuild":
            kind, victim = (fault.victim, "") if fault.victim.endswith("redis") else ("kill process", fault.victim)
            strike = Fault(kind, victim, fault.dice)
            past = self.past if fault.dice < 0.6 else None
            await rebuild(self.operator, past, self._redis, lambda: self.inject(strike))
        else:
            await self._harm_process(how, fault)

    async def _harm_process(self, how: str, fault: Fault) -> None:
        process = self.stage.processes[fault.victim]
        match how:
            case "kill":
                process.kill()
            case "pause":  # longer than any lease
                process.pause()
                await asyncio.sleep(3.5 + 2 * fault.dice)
                process.go_on()
            case "clock":
                process.set_clock(-HOUR)
                await asyncio.sleep(4 + 4 * fault.dice)
                process.set_clock(0)
            case _:
                raise ValueError(fault.kind)

    async def _harm_redis(self, fault: Fault) -> None:
        redis = self.stage.redis
        match fault.kind:
            case "kill redis":
                await redis.kill()
                await asyncio.sleep(2 * fault.dice)
                await redis.start()
            case "empty redis":
                await redis.lose_all()
            case "roll back redis":
                await redis.remember()
                await asyncio.sleep(0.5 + 2 * fault.dice)
                await redis.roll_back()

    async def _harm_primary(self, fault: Fault) -> None:
        primary = await self.stage.mongodb.primary()
        if fault.kind == "kill primary":
            await self.stage.mongodb.kill(primary)
            await asyncio.sleep(1 + 4 * fault.dice)
            await self.stage.mongodb.start(primary)
        else:
            with suppress(ProcessLookupError):
                os.kill(primary.child.pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(4 + 3 * fault.dice)
            finally:
                os.kill(primary.child.pid, signal.SIGCONT)

    async def _kill_everything(self) -> None:
        """Every process of ours, Redis and all three MongoDBs: a machine without power."""
        redis, mongodb = self.stage.redis, self.stage.mongodb
        for process in self.stage.processes.values():
            process.kill()
        await asyncio.gather(redis.kill(), *map(mongodb.kill, mongodb.members))
        await asyncio.gather(redis.start(), *map(mongodb.start, mongodb.members))

    async def _links(self, what: str, fault: Fault) -> list[Proxy]:
        whose = what.removeprefix("link of ")
        if whose == "mongodb":
            members = self.stage.mongodb.members
            return [m.proxy for m in members] if fault.dice < 0.3 else [(await self.stage.mongodb.primary()).proxy]
        return [self.stage.links[f"{whose} {fault.victim}"]]

    async def _harm_links(self, how: str, links: list[Proxy], seconds: float) -> None:
        if how == "cut":
            for link in links:
                link.cut()
            return
        for link in links:
            link.stall()
        await asyncio.sleep(seconds)
        for link in links:
            link.resume()

    async def _repeat(self, fault: Fault) -> None:
        """In the catalogue's partition, or in one after another where that has nothing to repeat at the moment."""
        async with self._redis:
            with self.stage.redis.client() as redis:
                script = redis.register_script(_REPEAT)
                for attempt in range(80):
                    partition = (int(fault.dice * 8) + attempt) % 8
                    added = await asyncio.to_thread(script, [events_key(partition)], [REPEATED])
                    if added:
                        self.repeated.update((partition, str(id)) for id in added)
                        return
                    await asyncio.sleep(0.05)

    def table(self) -> list[tuple[str, int, float, float]]:
        """By kind: how often, and the median and the worst time to recover, in seconds."""
        return [
            (kind, len(times), statistics.median(times), max(times)) for kind, times in sorted(self.recoveries.items())
        ]


class Probe:
    """Knows that everything works: both APIs commit and show what was committed, and the queue is worked off."""

    def __init__(self, client: Client, product_id: str) -> None:
        self._client = client
        self._product_id = product_id
        self._cents = 0

    async def recovered(self) -> bool:
        """Whether all of it works, at the latest after a time that is far too long."""
        try:
            async with asyncio.timeout(RECOVERY_SECONDS):
                for api in (0, 1):
                    intent = self._reprice(queued=False)
                    await self._client.send([intent], api=api)
                    while not await self._client.read_back(intent, api):  # noqa: ASYNC110 - of other processes
                        await asyncio.sleep(0.05)
                queued = self._reprice(queued=True)
                await self._client.send([queued])
                status = "QUEUED"
                while status == "QUEUED":
                    found = await self._client.query(
                        "query($id: ID!) { command(id: $id) { status } }", id=queued.command_id
                    )
                    status = found["command"]["status"] if found["command"] else "QUEUED"
        except TimeoutError:
            return False
        return True

    def _reprice(self, *, queued: bool) -> Intent:
        self._cents += 1
        return self._client.intend(
            "changeProductPrice", queued=queued, productId=self._product_id, price=price(self._cents)
        )

"""Everything is killed at a random moment and started again, many times, and verified each time: `make kills`.

All processes, Redis and every MongoDB at once, under load that never stops; now and then once more while they are
coming up. When everything works again, `orderstream verify` looks at the live system. Prints a line for each round,
and exits 1 with what was violated. The same seed gives the same load and the same moments.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from random import Random

from tests.faults.history import Steady
from tests.faults.injection import Probe
from tests.faults.plan import CLIENTS, Fault, Step, endless_load
from tests.faults.run import Run, prepared
from tests.faults.verification import verify

COMMANDS_PER_SECOND = 15.0
LONGEST_PAUSE = 4.0
"""Seconds from one round's verification to the next kill, and from recovery to verification, at most."""
AGAIN = 0.25
"""The share of the rounds that kill everything a second time, while it is coming up."""
SHOWN = 30
EVERYTHING = Fault("kill everything", "", 0.0)


@dataclass
class Kills:
    """`recoveries`: seconds from the kill until everything worked again, by round."""

    run: Run
    rounds: int
    recoveries: list[float] = field(default_factory=list)
    kills: int = 0
    differences: int = 0
    _over: bool = False

    def steps(self, client: int) -> Iterator[Step]:
        """What the client does until the last round is over."""
        return takewhile(lambda _: not self._over, endless_load(self.run.seed, client))

    async def harm(self, probe: Probe) -> None:
        """Round after round."""
        random, began = Random(f"{self.run.seed}/kills"), asyncio.get_running_loop().time()
        for number in range(1, self.rounds + 1):
            await asyncio.sleep(random.uniform(0, LONGEST_PAUSE))
            if not await self._round(number, began, random, probe):
                self.run.history.broken.append(f"no recovery in round {number}")
                break
        self._over = True

    async def _round(self, number: int, beginning: float, random: Random, probe: Probe) -> bool:
        """Whether everything worked again."""
        loop, history = asyncio.get_running_loop(), self.run.history
        began, settled = loop.time(), history.settled
        await self._kill()
        when = f"killed at {began - beginning:.0f} s"
        if random.random() < AGAIN:
            await asyncio.sleep(random.uniform(0, LONGEST_PAUSE))
            when += f" and {loop.time() - beginning:.0f} s"
            await self._kill()
        if not await probe.recovered():
            return False
        self.recoveries.append(loop.time() - began)
        await asyncio.sleep(random.uniform(0, LONGEST_PAUSE))
        verified = await verify(self.run.stage)
        self.differences += len(verified.differences)
        history.broken += [f"round {number}: {difference}" for difference in verified.differences]
        print(
            f"{number:4}  {when:28} after {settled:6} commands   recovery {self.recoveries[-1]:5.1f} s   "
            f"{verified.documents:7} documents {verified.keys:7} keys   {len(verified.differences)} differences",
            flush=True,
        )
        return True

    async def _kill(self) -> None:
        self.kills += 1
        await self.run.injector.inject(EVERYTHING)


async def kill_everything(directory: Path, *, seed: int, rounds: int) -> tuple[Kills, list[str]]:
    """All rounds on a stage in the directory, then every check of the fault suite: what was violated."""
    async with prepared(directory, seed) as run:
        kills = Kills(run, rounds)
        steady = Steady(COMMANDS_PER_SECOND)
        await run.go(map(kills.steps, range(CLIENTS)), steady.step, kills.harm)
        await run.quiet()
        return kills, await run.check()


def main() -> None:
    """Run as told by the arguments."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kills", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--log", type=Path, help="Keep what the parts said in this file.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orderstream-kills-") as name:
        try:
            kills, violations = asyncio.run(kill_everything(Path(name), seed=given.seed, rounds=given.rounds))
        finally:
            if given.log and (log := Path(name) / "log").exists():
                given.log.write_bytes(log.read_bytes())
    print(f"\nEverything was killed {kills.kills} times in {len(kills.recoveries)} rounds, seed {given.seed}:")
    if kills.recoveries:
        median, worst = statistics.median(kills.recoveries), max(kills.recoveries)
        print(f"  {median:8.1f} s to recover in the median, {worst:.1f} at worst")
    print(f"  {kills.differences:8} differences found by verify")
    for what, figure in kills.run.figures().items():
        print(f"  {figure:8} {what}")
    print(f"  {len(violations):8} violations")
    for violation in violations[:SHOWN]:
        print(f"\nseed {given.seed}: {violation}")
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()

"""`orderstream verify` judges the stage: the real command, past every proxy, while everything goes on."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from tests.faults.stage import DATABASE, Stage

VERIFY_SECONDS = 900.0


@dataclass(frozen=True)
class Verified:
    """What it looked at, and what it found otherwise than the journal says, as sentences; that it failed is one too.

    `documents`: events, aggregates and receipts; `keys`: of the read model.
    """

    documents: int
    keys: int
    differences: list[str]


async def verify(stage: Stage) -> Verified:
    """Run the command on the stage's servers."""
    return await verify_servers(
        {"MONGODB_URL": stage.mongodb.url, "MONGODB_DATABASE": DATABASE, "REDIS_URL": stage.redis.url}
    )


async def verify_servers(environment: Mapping[str, str]) -> Verified:
    """Run the command on the servers that the environment names."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stack", "verify", "--json"),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(VERIFY_SECONDS):
            out, log = await process.communicate()
    except TimeoutError:
        return Verified(0, 0, [f"verify did not come to an end in {VERIFY_SECONDS:.0f} s"])
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return judged(process.returncode, out, log.decode())


def judged(exit_code: int | None, out: bytes, log: str) -> Verified:
    """What the command said; one that says nothing has failed."""
    if not out:
        return Verified(0, 0, [f"verify ended with {exit_code}: {log.strip()}"])
    said = json.loads(out)
    differences = [f"verify: {difference['where']}: {difference['what']}" for difference in said["differences"]]
    if said["count"] > len(differences):
        differences.append(f"verify: and {said['count'] - len(differences)} more")
    return Verified(said["documents"], said["keys"], differences)

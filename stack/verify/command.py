"""The command: the stored aggregates first, then the read model, partition by partition; what was found, in words."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from projector.generations import Generations
from projector.startup import connect
from stack.console import show, show_json
from stack.exit_codes import ExitCode
from stack.operator_error import OperatorError
from stack.progress import Work
from stack.verify.aggregates import AggregateCheck
from stack.verify.findings import SHOWN, Findings
from stack.verify.read_model import PartitionCheck
from stack.verify.record import verify_record
from stack.verify.streams import verify_stream
from write_model.mongo.database import JOURNAL, database_of, open_client
from write_model.mongo.discarded import discarded_ids
from write_model.settings import RelaySettings


def run(partition: int | None, *, as_json: bool) -> ExitCode:
    """Verify everything, or of the read model one partition; answers the exit code."""
    settings, began = RelaySettings(), time.monotonic()
    if partition is not None and partition >= settings.partitions:
        raise OperatorError(f"there is no partition {partition}: they are 0 to {settings.partitions - 1}")
    partitions = range(settings.partitions) if partition is None else [partition]
    findings, looked_at = asyncio.run(_verify(settings, partitions, Work(silent=as_json)))
    seconds = time.monotonic() - began
    if as_json:
        shown = [finding._asdict() for finding in findings.first]
        show_json({"differences": shown, "count": findings.count, **looked_at, "seconds": round(seconds, 3)})
    else:
        _show(findings, looked_at, seconds)
    return ExitCode.NO if findings.count else ExitCode.DONE


def _show(findings: Findings, looked_at: Mapping[str, int], seconds: float) -> None:
    for finding in findings.first:
        show(f"{finding.where}: {finding.what}")
    if findings.count > SHOWN:
        show(f"... and {findings.count - SHOWN:,} more.")
    looked = ", ".join(f"{number:,} {what}" for what, number in looked_at.items())
    differences = "1 difference" if findings.count == 1 else f"{findings.count or 'No'} differences"
    show(f"{differences}: {looked}, in {seconds:.1f} s.")


async def _verify(settings: RelaySettings, partitions: Sequence[int], work: Work) -> tuple[Findings, dict[str, int]]:
    findings = Findings()
    with work:
        documents, discarded = await _verify_journal(settings, partitions, findings, work)
        keys = 0
        url: Any = settings.redis_url.get_secret_value()
        async with connect(url) as redis, Redis.from_url(url, socket_timeout=None) as raw:
            for partition in partitions:
                check = PartitionCheck(raw, Generations(redis, partition), findings, work.show, discarded)
                await check.run()
                keys += check.keys
    return findings, {"documents": documents, "keys": keys}


async def _verify_journal(
    settings: RelaySettings, partitions: Sequence[int], findings: Findings, work: Work
) -> tuple[int, frozenset[str]]:
    """What must agree with it: aggregates, record, streams. The number of documents, and the events given up."""
    client = open_client(settings)
    try:
        database, done = database_of(client, settings), 0
        total = await database[JOURNAL].estimated_document_count()

        def advance(count: int) -> None:
            nonlocal done
            done += count
            work.show("Folding the journal", min(done, total), total)

        await AggregateCheck(client, database, findings, advance).run()
        await verify_record(client, database, findings)
        async with connect(settings.redis_url.get_secret_value()) as redis:
            for partition in partitions:
                await verify_stream(redis, database, partition, findings)
        return done, frozenset(await discarded_ids(database))
    finally:
        client.close()

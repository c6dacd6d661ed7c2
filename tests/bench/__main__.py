"""The benchmark, as `make bench`: shows its tables, and writes docs/benchmarks.md where everything was measured."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.bench import fanout, growth, hostile, limits, pages, projection
from tests.bench.cases import CASES, DEFENDED, OURS, PAGES, Case, Server
from tests.bench.conditions import conditions
from tests.bench.measured import Report
from tests.bench.memory import bytes_an_order
from tests.bench.processes import may_open
from tests.bench.report import DOCS, show, write
from tests.bench.rounds import Round, summarise
from tests.bench.shop import Shop
from tests.bench.stage import Stage, agree, in_fast_loop, stage, store_answers, why_not

EXTRAS = ("memory", "fanout", "hostile", "limits", "pages", "rebuild", "growth")
WARM_UP_SECONDS = 1.0
SPARE_FILES = 1_000
"""That a process has open beside the sockets of its subscribers."""
COMPARED = 20
"""Answers of each case and server that are compared with ours."""

console = Console()


def main() -> None:
    """Run as told by the arguments; exit code 1 where an answer of this system was wrong."""
    names = [*(case.name for case in CASES), *EXTRAS]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="Of each round.")
    parser.add_argument("--events", type=int, default=50_000, help="Size of the shop, at most 1,000,000.")
    parser.add_argument("--only", default="", help=f"Some of {','.join(names)}; then nothing is written.")
    parser.add_argument("--docs", type=Path, help="Write there, whatever was measured.")
    given = parser.parse_args()
    chosen = given.only.split(",") if given.only else names
    if unknown := set(chosen) - set(names):
        parser.error(f"--only knows {', '.join(names)}, not {', '.join(sorted(unknown))}")
    command = f"make bench ROUNDS={given.rounds} SECONDS={given.seconds:g} EVENTS={given.events}"
    with tempfile.TemporaryDirectory(prefix="orderstream-bench-") as name:
        report = Report()
        work = run(Path(name), report, chosen, events=given.events, rounds=given.rounds, seconds=given.seconds)
        try:
            asyncio.run(work)
        finally:
            show(report, console)
    report.conditions["command"] = command
    if given.docs or not given.only:
        write(report, given.docs or DOCS)
    sys.exit(1 if any(result.errors for result in report.results if result.server == OURS.name) else 0)


async def run(
    directory: Path, report: Report, chosen: Sequence[str], *, events: int, rounds: int, seconds: float
) -> None:
    """Measure what was chosen, and put it into the report as it comes."""
    halved = {case.half_of for case in CASES if case.name in chosen}
    cases = [case for case in CASES if case.name in chosen or case.name in halved]
    if set(chosen) - {"growth"}:
        await _run(directory, report, cases, chosen, events=events, rounds=rounds, seconds=seconds)
    if "growth" in chosen:  # with nothing else running
        report.growth = await growth.measure(directory, rounds, seconds, console.print)


async def _run(
    directory: Path,
    report: Report,
    cases: Sequence[Case],
    chosen: Sequence[str],
    *,
    events: int,
    rounds: int,
    seconds: float,
) -> None:
    """What is measured on one shop."""
    audiences = [one for one in fanout.AUDIENCES if may_open(one.subscribers + SPARE_FILES)]  # those we start, as well
    wanted = dict.fromkeys(server for case in cases for server in case.servers)
    if "fanout" in chosen:
        wanted |= dict.fromkeys(fanout.SERVERS)
    if "hostile" in chosen:
        wanted |= {DEFENDED: None}
    if "pages" in chosen and pages.why_not() is None:
        wanted |= {PAGES: None}
    report.skipped = {server.name: why for server in wanted if (why := why_not(server))}
    servers = [server for server in wanted if server.name not in report.skipped]
    report.servers = {server.name: server.what for server in servers}
    async with stage(directory, Shop(events), servers, console.print) as staged:
        report.conditions = conditions(staged, rounds=rounds, seconds=seconds)
        await store_answers(staged, cases)
        if "memory" in chosen:  # before other orders are placed than those of the shop
            report.memory = bytes_an_order(staged.environment["REDIS_URL"])
        for case in cases:
            await _measure(staged, report, case, [s for s in case.servers if s in servers], rounds, seconds)
        if "fanout" in chosen:
            for audience in audiences:
                await _tell(staged, report, audience, rounds)
            for audience in set(fanout.AUDIENCES) - set(audiences):
                report.skipped[f"{audience.subscribers:,} subscribers"] = "so many files must not be open (ulimit -n)"
        if "hostile" in chosen and may_open(hostile.MOST_FILES):
            report.beside = await hostile.measure(staged, rounds, seconds, console.print)
        if "limits" in chosen:
            console.print("limits of the databases")
            staged.pin(None)
            mongodb, redis = staged.environment["MONGODB_URL"], staged.environment["REDIS_URL"]
            rate = limits.commit_rate(mongodb, events, transactions=10 * rounds)
            report.limits[f"placeOrder commands into MongoDB, {limits.COMMANDS} a transaction"] = rate
            report.limits["events into Redis streams"] = limits.stream_rate(redis, events)
        if "pages" in chosen and (why := pages.why_not()):
            report.skipped["what pages weigh"] = why
        elif "pages" in chosen:
            console.print("pages")
            report.opened = await pages.measure(staged, rounds)
        if "rebuild" in chosen:
            console.print("rebuild")
            report.rebuilt = await projection.measure(staged)


async def _tell(staged: Stage, report: Report, audience: fanout.Audience, rounds: int) -> None:
    for server in fanout.SERVERS:
        console.print(f"fan-out to {audience.subscribers:,} of {audience.hears}: {server.name}")
        try:
            report.deliveries.append(await in_fast_loop(fanout.measure(staged, server, audience, rounds)))
        except (RuntimeError, OSError) as error:  # a server with too many subscribers ends connections, or is too slow
            if server.is_ours:
                raise
            report.skipped[f"{server.name}, with {audience.subscribers:,} subscribers"] = str(error) or "too slow"


async def _measure(
    staged: Stage, report: Report, case: Case, servers: Sequence[Server], rounds: int, seconds: float
) -> None:
    """A B A B: every server once, then every server again."""
    if case.is_query:
        await agree(staged, case, servers, COMPARED)
    pool = case.pool(staged.shop)
    peaks = {result.server: result.rate.median for result in report.results if result.case == case.half_of}
    rates = {name: peak / 2 for name, peak in peaks.items()}
    for server in servers:
        await staged.play(case, server, pool, WARM_UP_SECONDS, rates.get(server.name))
    rounds_of: dict[str, list[Round]] = {server.name: [] for server in servers}
    for number in range(rounds):
        console.print(f"{case.name}: round {number + 1} of {rounds}")
        for server in servers:
            rounds_of[server.name].append(await staged.play(case, server, pool, seconds, rates.get(server.name)))
    report.results += [summarise(case.name, name, its) for name, its in rounds_of.items()]


if __name__ == "__main__":
    main()

"""`orderstream rebuild`: asks for new generations of the read model, and shows how they come along."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from projector.generations import Generations, State
from projector.reaching import Unavailable
from projector.settings import ProjectorSettings
from projector.startup import connect
from read_model.schema.generations import Asked, NotComplete
from stack.console import complain, show, show_json
from stack.exit_codes import ExitCode
from stack.operator_error import OperatorError
from stack.progress import Work

_LOOK_SECONDS: Final = 0.25


@dataclass(frozen=True)
class Outcome:
    """How it ended for a partition: the generation that serves now, or why there is no new one."""

    partition: int
    generation: int
    problem: str = ""


def run(partition: int | None, rate: float | None, *, as_json: bool) -> ExitCode:
    """Rebuild one partition or all, until that is done; answers the exit code."""
    settings, began = ProjectorSettings(), time.monotonic()
    if partition is not None and partition >= settings.partitions:
        raise OperatorError(f"there is no partition {partition}: they are 0 to {settings.partitions - 1}")
    partitions = range(settings.partitions) if partition is None else [partition]
    try:
        outcomes = asyncio.run(_rebuild(settings, partitions, rate, Work(silent=as_json)))
    except KeyboardInterrupt:
        complain("the rebuild goes on; the same command shows it again")
        raise
    failed = [outcome for outcome in outcomes if outcome.problem]
    seconds = time.monotonic() - began
    if as_json:
        show_json({"partitions": [asdict(outcome) for outcome in outcomes], "seconds": round(seconds, 3)})
    for outcome in failed if not as_json else ():
        show(f"Partition {outcome.partition} was not rebuilt: {outcome.problem}.")
    if not failed and not as_json:
        show(f"{len(outcomes)} {'partition' if len(outcomes) == 1 else 'partitions'} rebuilt in {seconds:.1f} s.")
    return ExitCode.NO if failed else ExitCode.DONE


async def _rebuild(
    settings: ProjectorSettings, partitions: Sequence[int], rate: float | None, work: Work
) -> list[Outcome]:
    async with connect(settings.redis_url.get_secret_value()) as redis:
        generations = {partition: Generations(redis, partition) for partition in partitions}
        for its in generations.values():
            await _must_be_free(its)
        asked = {partition: await _ask(its, rate) for partition, its in generations.items()}
        outcomes: dict[int, Outcome] = {}
        with work:
            while len(outcomes) < len(asked):
                await asyncio.sleep(_LOOK_SECONDS)
                try:
                    states = {p: await its.state() for p, its in generations.items() if p not in outcomes}
                except Unavailable:
                    work.show("Waiting for Redis", 0, 0)
                    continue
                for partition, state in states.items():
                    outcome = _outcome(partition, asked[partition], state)
                    if outcome:
                        outcomes[partition] = outcome
                        if outcome.problem:
                            await generations[partition].give_up(asked[partition].generation)
                _show(work, states, len(outcomes), len(asked))
        return [outcomes[partition] for partition in asked]


async def _must_be_free(generations: Generations) -> None:
    """Looked at in all partitions before one of them is asked for."""
    shown, making = await generations.state()
    if shown is None:
        raise OperatorError(
            f"the read model of partition {generations.partition} is being prepared from the journal anyway: "
            "wait until /readyz answers 200"
        )
    if making and making.purpose != "rebuild":
        raise OperatorError(f"partition {generations.partition} is being verified: wait until that is done")


async def _ask(generations: Generations, rate: float | None) -> Asked:
    try:
        asked = await generations.ask("rebuild", rate=rate)
    except NotComplete:
        raise OperatorError("Redis was lost this very moment: all is prepared from the journal anyway") from None
    if asked.purpose != "rebuild":
        raise OperatorError(f"partition {generations.partition} is being verified: wait until that is done")
    return asked


def _outcome(partition: int, asked: Asked, state: State) -> Outcome | None:
    """How it ended, None while it goes on."""
    if state.making and state.making.generation == asked.generation:
        return Outcome(partition, asked.generation, state.making.problem) if state.making.problem else None
    if state.shown and state.shown.generation >= asked.generation:
        return Outcome(partition, state.shown.generation)
    return Outcome(partition, asked.generation, "Redis was lost meanwhile, and all is prepared from the journal anyway")


def _show(work: Work, states: Mapping[int, State], done: int, partitions: int) -> None:
    making = [state.making for state in states.values() if state.making]
    total = max((one.total for one in making), default=0)
    passed = max((one.passed for one in making), default=0)
    if making and not total:
        work.show("Waiting for relay and projector", 0, 0)
    else:
        work.show(f"Rebuilding, {done} of {partitions} partitions switched", total if not making else passed, total)

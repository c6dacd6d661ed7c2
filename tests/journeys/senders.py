"""Those who send a history's steps: over GraphQL now, and in days that are gone to the command side itself."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Final

from pydantic import ValidationError

from tests.journeys.histories import Burst, History, Latest, Step
from tests.system import Client
from write_model.actor import Actor
from write_model.commands import COMMANDS
from write_model.rejection import Rejection
from write_model.startup import WriteModel, system_clock

_STAFF: Final = Actor("staff", "tests")
_BY_MUTATION: Final = {type_.__name__[0].lower() + type_.__name__[1:]: type_ for type_ in COMMANDS}
_CREATE: Final = re.compile("register|add(?!OrderItem)|place|create")
_moment: ContextVar[datetime] = ContextVar("moment")


def clock() -> datetime:
    """The time in which a step happens."""
    return _moment.get(None) or system_clock()


@dataclass(frozen=True)
class Receipt:
    """What an accepted command answers."""

    id: str
    token: str


Send = Callable[[str, Mapping[str, Any], str], Awaitable[Receipt | None]]
"""Mutation, input, idempotency key; None where the command is refused."""


def to_command_side(write_model: WriteModel) -> Send:
    """Sends to a command side whose clock is this module's."""

    async def send(mutation: str, input: Mapping[str, Any], key: str) -> Receipt | None:
        try:
            command = _BY_MUTATION[mutation].model_validate(input)
            receipt = await write_model.dispatch(command, _STAFF, idempotency_key=key)
        except (ValidationError, Rejection):
            return None
        return Receipt(receipt.id, receipt.token)

    return send


def over_graphql(client: Client, patient: Client) -> Send:
    """Sends to the running system: every third command by the queue, with the client who prefers that."""

    async def send(mutation: str, input: Mapping[str, Any], key: str) -> Receipt | None:
        type_name = f"{mutation[0].upper()}{mutation[1:]}Input!"
        document = f"""mutation($input: {type_name}, $key: ID) {{
            {mutation}(input: $input, idempotencyKey: $key) {{
                receipt {{ id consistencyToken }}
                queued {{ commandId }}
                userErrors {{ code }}
            }}
        }}"""
        sender = patient if int(key.rpartition("-")[2]) % 3 == 0 else client
        result = (await sender.data(document, input=input, key=key))[mutation]
        assert [bool(result[name]) for name in ("receipt", "queued", "userErrors")].count(True) == 1, result
        if result["queued"]:
            if await _outcome(client, result["queued"]["commandId"]) == "REJECTED":
                return None
            # The repetition of a command that took effect has the receipt.
            result = (await client.data(document, input=input, key=key))[mutation]
        return result["receipt"] and Receipt(result["receipt"]["id"], result["receipt"]["consistencyToken"])

    return send


async def _outcome(client: Client, command_id: str) -> str:
    """What became of a queued command, once that is known."""
    while True:
        answer = await client.data("query($id: ID!) { command(id: $id) { status } }", id=command_id)
        status: str = answer["command"]["status"]
        if status != "QUEUED":
            return status
        await asyncio.sleep(0.02)


@dataclass
class Shopkeeper:
    """Lives through a history, and keeps what came of it: ids by kind, in the order of the steps, and all tokens."""

    made: dict[str, list[str]] = field(default_factory=lambda: {"cus": [], "prd": [], "ord": []})
    tokens: list[str] = field(default_factory=list)
    refused: int = 0
    _keys: "count[int]" = field(default_factory=lambda: count(1))

    async def live(self, history: History, beginning: datetime, past: Send, present: Send) -> None:
        """The past began at `beginning`."""
        moment = beginning
        for pause, burst in history.past:
            moment = min(moment + pause, system_clock())
            _moment.set(moment)
            await self._run(burst, past)
        for burst in history.present:
            await self._run(burst, present)

    async def _run(self, burst: Burst, send: Send) -> None:
        if burst.at_once:
            sent = [self._take(step, send) for step in burst.steps]
            for step, receipts in zip(burst.steps, await asyncio.gather(*sent), strict=True):
                self._keep(step, receipts)
        else:
            for step in burst.steps:
                self._keep(step, await self._take(step, send))

    def _take(self, step: Step, send: Send) -> Awaitable[list[Receipt | None]]:
        """Send the step; what it refers to is what there is now."""
        input, key = self._resolved(step.input), f"step-{next(self._keys)}"

        async def take() -> list[Receipt | None]:
            return [await send(step.mutation, input, key) for _ in range(1 + step.repeated)]

        return take()

    def _keep(self, step: Step, receipts: list[Receipt | None]) -> None:
        first = receipts[0]
        for receipt in receipts:
            if receipt is None:
                self.refused += 1
                continue
            assert first is None or receipt.id == first.id, "a repeated command is the same command"
            self.tokens.append(receipt.token)
        if first and _CREATE.match(step.mutation):
            self.made[first.id[:3]].append(first.id)

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, Latest):
            made = self.made[value.kind]
            return made[-1 - value.back % len(made)] if made else f"{value.kind}_{'0' * 28}"
        if isinstance(value, Mapping):
            return {name: self._resolved(inner) for name, inner in value.items()}
        return [self._resolved(inner) for inner in value] if isinstance(value, list) else value

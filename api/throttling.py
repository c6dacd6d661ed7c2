"""How much each client may ask for: counted here as it is spent, and told to Redis, which counts for all processes.

A round trip for each request would cost more than an order. So a client has credit: it spends what this process may let
it spend until the next settlement, and Redis hears of it within a second. Whoever has used up the credit waits for a
settlement, and whoever has used up the allowance is told when to come back. Over several processes a client may get
ahead by one credit in each; that is a debt, which it waits for.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

from api.errors import Throttled

SETTLING_SECONDS: Final = 1.0
"""Between settlements of those who have credit left."""
HELD_SECONDS: Final = 1.0
"""How long a client waits to hear that it has to wait: who comes again at once would cost as much as who is served."""
MOST_HELD: Final = 20
"""Requests of one client that wait so; more of them are told at once."""

Use = Callable[[Mapping[str, int]], Awaitable[Mapping[str, int]]]
"""Tells Redis what each client has used; answers what each has left, and nothing of whom it does not know."""


class _Account:
    """What one client has left, as far as this process knows."""

    __slots__ = ("at", "floor", "held", "is_due", "left", "low", "settled")

    def __init__(self, left: int, credit: int, at: float) -> None:
        self.held = 0
        self.settle(left, 0, credit, at)

    def settle(self, left: int, spent: int, credit: int, at: float) -> None:
        """From now on: so much is left, `spent` of which Redis has not heard of."""
        self.settled = left
        self.left = left - spent
        self.floor = max(0, left - credit)
        """Down to here nobody is asked."""
        self.low = left - min(left, credit) // 2
        """From here on it is time to settle."""
        self.at = at
        self.is_due = False

    def by(self, now: float, rate: int) -> float:
        """What is left by then, if no other process spends any of it."""
        return self.left + rate * (now - self.at)


class Throttle:
    """The accounts of those who come now. `rate`: cost a second; `burst`: cost at once; `now`: seconds, monotonic."""

    def __init__(self, use: Use, now: Callable[[], float], *, rate: int, burst: int) -> None:
        self._use = use
        self._now = now
        self._rate = rate
        self._burst = burst
        self._credit = min(rate, burst)
        self._accounts: dict[str, _Account] = {}
        self._due: set[str] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self._wanted = asyncio.Event()

    def take(self, client: str, cost: int) -> int | None:
        """What is left after it; None where only `charge` can say. A negative cost gives back."""
        account = self._accounts.get(client)
        if account is None:
            account = self._accounts[client] = _Account(self._burst, self._credit, self._now())
        left = account.left - cost
        if left < account.floor:
            return None
        account.left = left
        if left < account.low and not account.is_due:
            self._settle_soon(client, account)
        return left

    async def charge(self, client: str, cost: int) -> int:
        """What is left after it; Throttled, after a moment, where the client has to wait."""
        left = self.take(client, cost)
        if left is not None:
            return left
        account = self._accounts[client]
        if account.by(self._now(), self._rate) >= cost:
            settled = asyncio.get_running_loop().create_future()
            self._waiting.append(settled)
            self._settle_soon(client, account)
            await settled
            if account.left >= cost:
                account.left -= cost
                self._settle_soon(client, account)
                return account.left
        missing = cost - account.by(self._now(), self._rate)
        seconds = max(1, math.ceil(missing / self._rate))
        await _hold(account)
        raise Throttled(
            f"You have used what you may, {self._rate:,} a second and {self._burst:,} at once (this costs {cost:,}): "
            f"send it again in {seconds} s.",
            retryAfter=seconds,
        )

    @asynccontextmanager
    async def settling(self) -> AsyncIterator[None]:
        """Within the block Redis hears of what is spent; at its end, of all that it has not heard of."""
        task = asyncio.create_task(self._keep_settling())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            await self._settle(self._spenders())

    async def _keep_settling(self) -> None:
        sweep = self._now() + SETTLING_SECONDS
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, sweep - self._now())):
                    await self._wanted.wait()
            if self._now() >= sweep:
                self._due |= self._spenders()
                self._forget()
                sweep = self._now() + SETTLING_SECONDS
            self._wanted.clear()
            due, self._due = self._due, set()
            waiting, self._waiting = self._waiting, []
            try:
                await self._settle(due)
            finally:
                for one in waiting:
                    if not one.done():
                        one.set_result(None)

    def _settle_soon(self, client: str, account: _Account) -> None:
        account.is_due = True
        self._due.add(client)
        self._wanted.set()

    def _spenders(self) -> set[str]:
        return {client for client, account in self._accounts.items() if account.left != account.settled}

    def _forget(self) -> None:
        """Let those go who have spent nothing lately, and would have their credit again."""
        now = self._now()
        for client, account in list(self._accounts.items()):
            is_idle = account.left == account.settled and not account.is_due
            if is_idle and account.by(now, self._rate) >= self._credit:
                del self._accounts[client]

    async def _settle(self, due: set[str]) -> None:
        before = {client: account.left for client in due if (account := self._accounts.get(client))}
        if not before:
            return
        left = await self._use({client: self._accounts[client].settled - found for client, found in before.items()})
        now = self._now()
        for client, found in before.items():
            account = self._accounts[client]
            # Who is unknown, because Redis does not answer, is served.
            known = left.get(client, self._burst)
            account.settle(known, found - account.left, self._credit, now)


async def _hold(account: _Account) -> None:
    if account.held < MOST_HELD:
        account.held += 1
        try:
            await asyncio.sleep(HELD_SECONDS)
        finally:
            account.held -= 1

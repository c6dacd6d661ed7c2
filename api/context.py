"""What an operation is given: the two models, who is asking, and how long it may wait for them."""

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self
from urllib.request import parse_http_list

import strawberry
from starlette.datastructures import MutableHeaders
from starlette.types import Scope

from api.access import NOBODY, Caller
from api.auth import Authenticator
from api.door import PerClient
from api.errors import Fault, Faults, Throttled, Unauthenticated
from api.exchange import EXCHANGE, Exchange, valid_trace
from api.heads import headers_of
from api.keys import KeysMissing, KeyUnknown
from api.leaving import Leaving
from api.networks import network_of
from api.observation import Observation
from api.running import Running
from api.scalars import ConsistencyToken
from api.settings import ApiSettings
from api.throttling import Throttle
from read_model.connection import Reader
from read_model.errors import Busy, ReadFault, StaleRead
from read_model.rows import Parts
from read_model.startup import ReadModel
from write_model.actor import Actor
from write_model.contracts.streams import Token
from write_model.ports import Command, Receipt
from write_model.rejection import Unavailable
from write_model.startup import WriteModel

READING_COST: Final = 50
CHARACTERS_A_COST: Final = 2
"""Of what is not known: whoever sends ever new documents has us validate them, each for some orders' CPU."""
# Below what those who ask for readiness usually wait.
CHECK_SECONDS: Final = 3.0
RESPOND_ASYNC: Final = "respond-async"

message_extensions: Final[ContextVar[Mapping[str, Any] | None]] = ContextVar("message_extensions", default=None)
"""The `extensions` of the message that an operation over WebSocket came in: strawberry does not pass them on."""

send_at_once: Final[ContextVar[Callable[[bytes], bool] | None]] = ContextVar("send_at_once", default=None)
"""Sends the client of an operation over WebSocket a payload; False where that would have to wait."""


@dataclass(frozen=True, slots=True)
class Services:
    """What one process of the API works with, all of it open."""

    settings: ApiSettings
    auth: Authenticator
    write: WriteModel | None
    """None in a process that serves queries only."""
    read: ReadModel
    faults: Faults
    clock: Callable[[], datetime]
    leaving: Leaving = field(default_factory=Leaving)
    throttle: Throttle | None = None
    """Counts what each client asks for; None where nobody does."""
    running: Running = field(default_factory=lambda: Running(math.inf))
    subscribers: PerClient = field(default_factory=lambda: PerClient("subscriptions"))
    waits: PerClient = field(default_factory=lambda: PerClient("consistency tokens that you wait for"))
    observer: Observation | None = None
    """Who watches; None where nobody does."""

    async def missing(self) -> dict[str, str]:
        """By side, what keeps it from doing its work now; empty when everything is there."""
        if self.leaving.is_announced:
            return {"process": "is stopping"}
        sides = {"tokens": self._check_keys()}
        if self.write:
            sides["commands"] = self.write.check()
        if self.settings.serve != "commands":
            sides["queries"] = self.read.check()
        problems = await asyncio.gather(*map(_problem, sides.values()))
        return {side: problem for side, problem in zip(sides, problems, strict=True) if problem}

    async def _check_keys(self) -> None:
        self.auth.check()


@dataclass
class Context:
    """One operation's view of the world. A WebSocket has one for the connection, and `for_operation` of it for each."""

    services: Services
    authorization: str | None
    trace: str | None
    address: str = ""
    prefers_async: bool = False
    """Whether commands are to be queued: `Prefer: respond-async` (RFC 7240, section 4.1)."""
    reply_headers: MutableHeaders | None = None
    """Those of the answer, where it will be one of HTTP."""
    exchange: Exchange | None = None
    """What operators see of it, where somebody watches."""
    connection_params: dict[str, Any] | None = None
    send_at_once: Callable[[bytes], bool] | None = None
    """Sends the operation's client a payload; False where that would have to wait."""
    payload: Callable[[Any], bytes | None] | None = None
    """The payload that tells of an event of the subscription, where it has a plan; None for the executor's work."""
    has_errors: bool = False
    """Whether the answer by a plan has errors beside its data."""
    reader: Reader = field(init=False)
    """Shows nothing older than what the operation has waited for."""
    _caller: Caller | None = field(default=None, init=False)
    subscriber: str | None = field(default=None, init=False)
    """Who has a place among the subscribers for the operation."""

    def __post_init__(self) -> None:
        self.reader = self.services.read.reader

    @classmethod
    def of(cls, services: Services, scope: Scope, reply_headers: MutableHeaders | None = None) -> Self:
        """The context of a request, or of a WebSocket by its handshake."""
        firsts, preferences = headers_of(scope), b""
        if b"prefer" in firsts:
            preferences = b",".join([value for name, value in scope["headers"] if name == b"prefer"])
        trace = valid_trace(firsts[b"traceparent"]) if b"traceparent" in firsts else None
        exchange: Exchange | None = scope.get(EXCHANGE)
        if exchange and trace != exchange.trace:
            trace = exchange.join(trace)
        return cls(
            services=services,
            authorization=firsts[b"authorization"].decode("latin-1") if b"authorization" in firsts else None,
            trace=trace,
            address=client[0] if (client := scope.get("client")) else "",
            prefers_async=preferences != b"" and _asks_for_async(preferences.decode("latin-1")),
            reply_headers=reply_headers,
            exchange=exchange,
        )

    def prefer(self, extensions: Mapping[str, Any] | None) -> None:
        """Heed `extensions.prefer` of the operation: what the header says, for those who have no headers."""
        if extensions:
            self.prefers_async |= _asks_for_async(extensions.get("prefer") or "")

    def for_operation(self) -> Self:
        """A context of its own, which judges the token anew: it may have expired since the connection began."""
        return replace(self)

    @property
    def caller(self) -> Caller:
        """Who is asking; Unauthenticated where somebody says so not credibly."""
        if self._caller is None:  # found out once; functools.cached_property takes a lock for that
            self._caller = self._judged()
        return self._caller

    def _judged(self) -> Caller:
        header = self.authorization
        if header is None and self.connection_params:
            named = {name.lower(): value for name, value in self.connection_params.items()}
            header = named.get("authorization")
            if "authorization" in named and not isinstance(header, str):
                raise Unauthenticated("`Authorization` in the payload of `connection_init` is text: `Bearer <token>`.")
        return NOBODY if header is None else self.services.auth.caller(header)

    async def identify(self) -> None:
        """Look for new keys where the caller's token names one that is not known; that they are wrong is said later."""
        try:
            _ = self.caller
        except KeyUnknown:
            await self.services.auth.look_for_new_keys()
        except Fault:
            pass

    async def refusal(self) -> Fault | None:
        """Why the caller is not believed; None where they are, or are nobody."""
        await self.identify()
        try:
            _ = self.caller
        except Fault as fault:
            return fault
        return None

    @property
    def known_caller(self) -> Caller | None:
        """Who is asking; None where nobody says so, or not credibly."""
        try:
            return self.caller
        except Fault:
            return None

    @property
    def client(self) -> str:
        """Whose allowance is used: the caller's, or that of the address from which nobody known asks."""
        try:
            caller = self.caller
        except Fault:
            caller = NOBODY
        return f"@{network_of(self.address)}" if caller.role == "nobody" else caller.subject

    async def charge(self, cost: int) -> dict[str, int]:
        """What the answer says of the operation's cost; Throttled where the client has to wait."""
        throttle = self.services.throttle
        if throttle is None:
            return {"requested": cost}
        return {"requested": cost, "left": await throttle.charge(self.client, cost)}

    async def charge_for_reading(self, characters: int) -> None:
        """Charge for what somebody sent, where it was new to us or made no sense; Throttled."""
        most = self.services.settings.max_cost
        await self.charge(min(READING_COST + characters // CHARACTERS_A_COST, most))

    def subscribe(self) -> None:
        """Take one of the client's places for subscriptions; Throttled."""
        client = self.client
        self.services.subscribers.take(client, self.services.settings.max_subscriptions_per_client)
        self.subscriber = client

    def end(self) -> None:
        """The operation is over; its place is another's."""
        if self.subscriber is not None:
            self.services.subscribers.give_back(self.subscriber)
            self.subscriber = None

    @property
    def actor(self) -> Actor:
        """The caller as commands and events know them; nobody is none."""
        caller = self.caller
        assert caller.role != "nobody", "api.access lets only those who signed in come here"
        return Actor(caller.role, caller.subject, caller.customer_id)

    async def dispatch(self, command: Command, idempotency_key: str | None) -> Receipt:
        """Send a command in the caller's name, or queue it where they prefer that."""
        write = self.services.write
        assert write, "there are no mutations without a command side (api.schema)"
        send = write.queue if self.prefers_async else write.dispatch
        receipt = await send(command, self.actor, idempotency_key=idempotency_key, trace=self.trace)
        if self.prefers_async and self.reply_headers is not None:
            self.reply_headers["preference-applied"] = RESPOND_ASYNC
        return receipt

    def tell(self, event: object) -> bool:
        """Tell the client of an event of its subscription; False where that has to wait, or needs the executor."""
        if self.send_at_once is None or self.payload is None:
            return False
        payload = self.payload(event)
        return payload is not None and self.send_at_once(payload)

    async def reached(self, token: ConsistencyToken, seconds: float) -> bool:
        """Whether the read model shows what the token marks within so many seconds; False where too many wait."""
        try:
            return await self._reached(Token.decode(token), seconds)
        except (StaleRead, Busy, Throttled):
            return False

    async def _reached(self, token: Token, seconds: float) -> bool:
        client = self.client
        self.services.waits.take(client, self.services.settings.max_waits_per_client)
        try:
            return await self.services.read.changes.reached(token, seconds)
        finally:
            self.services.waits.give_back(client)

    async def consistent_with(self, tokens: Sequence[ConsistencyToken] | None) -> None:
        """Return once the read model shows what all the tokens mark; StaleRead where that takes too long.

        From then on `reader` shows no less, or nothing.
        """
        if not tokens:
            return
        loop = asyncio.get_running_loop()
        patience = loop.time() + self.services.settings.stale_read_timeout_ms / 1000
        for token in map(Token.decode, tokens):
            await self._reached(token, max(0.0, patience - loop.time()))
            self.reader = self.reader.at_least(dict(token.positions))


class Info(strawberry.Info[Context, None]):
    """What a resolver is told about its field."""

    parts: Parts | None = None
    """Of rows of an order, those that the field needs; None where nobody knows."""
    waits: Sequence[int] | None = None
    """How long each selection of `projected` below the field waits, in milliseconds; None where nobody knows."""


async def _problem(check: Coroutine[None, None, None]) -> str | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check
    except TimeoutError:
        return "does not answer in time"
    except (ReadFault, Unavailable, KeysMissing) as error:
        return str(error)
    return None


def _asks_for_async(preferences: str) -> bool:
    """Whether one of the preferences of a `Prefer` header (RFC 7240, section 2) is `respond-async`."""
    names = (preference.partition(";")[0].strip().lower() for preference in parse_http_list(preferences))
    return RESPOND_ASYNC in names

"""One connection to Redis for all that a process reads: commands go out together, replies come back in order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from hashlib import sha1
from typing import Any, Final, NamedTuple, cast

import hiredis
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection, DefaultParser
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from read_model.errors import Busy, NoReply
from read_model.room import Room
from read_model.settings import ReadSettings

Command = tuple[str | int, ...]
Replies = list[Any]

MOST_UNSENT: Final = 8 << 20
"""Bytes that may wait for a Redis that does not take them."""
FIRST_PAUSE: Final = 0.01
LONGEST_PAUSE: Final = 0.25
"""Seconds between attempts to connect. Who waits for an answer waits for the next attempt, and hears how it ends."""

_INCOMPLETE: Final = object()

_pack: Final = cast("Callable[[tuple[str | int | bytes, ...]], bytes]", hiredis.pack_command)


class Multiplexed:
    """Asks Redis over a connection that is made when somebody asks, and made anew where it was lost.

    All in the event loop that this is made in.

    `trips` counts what was sent: all that is asked in one turn of the event loop goes with the next. `patience` is how
    long a reply may take, in seconds.
    """

    def __init__(self, settings: ReadSettings) -> None:
        self.trips = 0
        self._loop = asyncio.get_running_loop()
        self._room = Room(settings.reads_in_flight, "reads")
        self._most = settings.reads_in_flight
        self.patience = settings.read_timeout_seconds
        # Never asked for a connection of its own: it knows how to make one by the URL, with TLS and all that is said
        # first. Its limit would be wait_for's, which can lose a cancellation (changes.py).
        self._pool = BlockingConnectionPool.from_url(
            settings.redis_url.get_secret_value(), socket_timeout=None, retry=Retry(NoBackoff(), 0)
        )
        self._wire: _Wire | None = None
        self._connecting: asyncio.Task[_Wire] | None = None
        self._pause = self._not_before = 0.0
        self._is_closed = False
        self._digests: dict[str, str] = {}

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection now."""
        return self._wire is not None

    @property
    def in_flight(self) -> int:
        """How many wait for replies."""
        return self._room.taken

    async def ask(self, commands: Sequence[Command]) -> Replies:
        """The replies, in order; NoReply, Busy, and ResponseError for a wrong command.

        All may be sent twice, and none may wait in Redis: all behind it would. A script is sent as its text once, and
        called by its digest from then on.
        """
        if not commands:
            return []
        with self._room:
            deadline = self._loop.time() + self.patience
            try:
                replies, errors = await self._replies(commands, deadline)
                if errors and any(isinstance(error, NoScriptError) for error in errors):
                    self._digests.clear()
                    replies, errors = await self._replies(commands, deadline)
            except (RedisError, OSError, TimeoutError) as error:
                raise NoReply from error
        if errors:
            # A plain ResponseError is a wrong command, our mistake; its subclasses and BUSY are the server's condition.
            if type(errors[0]) is ResponseError and not str(errors[0]).startswith("BUSY"):
                raise errors[0]
            raise NoReply from errors[0]
        return replies

    async def close(self) -> None:
        """Whoever still waits has NoReply, and so has whoever asks later."""
        self._is_closed = True
        if self._connecting:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self._wire:
            self._wire.lose()

    def lost(self, wire: "_Wire") -> None:
        """Said by a connection that has come to its end."""
        if self._wire is wire:
            self._wire = None

    async def _replies(self, commands: Sequence[Command], deadline: float) -> tuple[Replies, list[RedisError]]:
        packed = self._packed(commands)
        try:
            replies = await (self._wire or await self._connected(deadline)).ask(packed, len(commands), deadline)
        except _Lost:
            # Reads may be repeated. The connection may have died long ago, and only this has shown it.
            replies = await (self._wire or await self._connected(deadline)).ask(packed, len(commands), deadline)
        return replies, [reply for reply in replies if isinstance(reply, RedisError)]

    def _packed(self, commands: Sequence[Command]) -> bytes:
        called = [self._by_digest(command) if command[0] == "EVAL_RO" else command for command in commands]
        try:
            return b"".join(map(_pack, called))
        except UnicodeEncodeError:
            parts = ([str(part).encode(errors="surrogateescape") for part in command] for command in called)
            return b"".join(_pack(tuple(command)) for command in parts)

    def _by_digest(self, command: Command) -> Command:
        """The call of a script that was sent before; where it was not, as it stands."""
        _, text, *rest = command
        if digest := self._digests.get(str(text)):
            return ("EVALSHA_RO", digest, *rest)
        self._digests[str(text)] = sha1(str(text).encode(), usedforsecurity=False).hexdigest()
        return command

    async def _connected(self, deadline: float) -> "_Wire":
        if self._is_closed:
            raise RedisError("closed")
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
            self._connecting.add_done_callback(_heed)
        connecting = self._connecting
        async with asyncio.timeout_at(deadline):
            await asyncio.wait([connecting])  # unlike awaiting it, cancels neither by the other
        if connecting.cancelled():
            raise RedisError("closed")
        return connecting.result()

    async def _connect(self) -> "_Wire":
        loop = self._loop
        try:
            await asyncio.sleep(self._not_before - loop.time())
            async with asyncio.timeout(self.patience):
                connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
                await connection.connect()  # type: ignore[no-untyped-call]
        except Exception:
            self._pause = min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE)
            self._not_before = loop.time() + self._pause
            raise
        finally:
            self._connecting = None
        self._pause = 0
        self._wire = _Wire(self, connection, self._most)
        return self._wire


@asynccontextmanager
async def open_connection(settings: ReadSettings) -> AsyncIterator[Multiplexed]:
    """The connection, while the block runs."""
    connection = Multiplexed(settings)
    try:
        yield connection
    finally:
        await connection.close()


def _heed(connecting: "asyncio.Task[_Wire]") -> None:
    """Where nobody has waited for it to the end, why it failed is nobody's matter."""
    if not connecting.cancelled():
        connecting.exception()


class _Lost(RedisError):
    """The connection came to its end before the replies."""


class _Owed(NamedTuple):
    """What Redis owes to somebody, who may have left."""

    number: int
    replies: Replies
    whole: asyncio.Future[Replies]
    deadline: float


class _Wire(asyncio.Protocol):
    """One connection, from when redis-py has made it until it is lost."""

    def __init__(self, owner: Multiplexed, connection: AbstractConnection, most: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._silent_since = 0.0
        self._owner = owner
        self._most = most
        self._is_full = False
        self._owed: deque[_Owed] = deque()
        self._unsent: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None  # one for all: one for each would cost more than their replies
        # Bytes that are no UTF-8 are read as surrogates: one who finds such must not end the connection of all.
        self._reader = hiredis.Reader(
            encoding="utf-8",
            errors="surrogateescape",
            replyError=DefaultParser.parse_error,
            notEnoughData=_INCOMPLETE,
        )
        # From here on redis-py has nothing to do with it. The writer stays: it would close what it was made for.
        assert connection._writer
        self._writer = connection._writer
        connection._reader = connection._writer = None
        self._transport = self._writer.transport
        self._transport.set_write_buffer_limits(MOST_UNSENT)
        self._transport.set_protocol(self)

    def ask(self, commands: bytes, number: int, deadline: float) -> asyncio.Future[Replies]:
        """The replies to so many packed commands, errors among them; Busy, _Lost, TimeoutError."""
        if self._transport.is_closing():
            self._owner.lost(self)
            raise _Lost
        if self._is_full or len(self._owed) >= self._most:
            raise Busy(what="reads")
        if not self._unsent:
            self._loop.call_soon(self._send)
        self._unsent.append(commands)
        if not self._owed:
            self._silent_since = self._loop.time()
        if self._timer is None or deadline < self._timer.when():
            self._wake_at(deadline)
        whole: asyncio.Future[Replies] = self._loop.create_future()
        self._owed.append(_Owed(number, [], whole, deadline))
        return whole

    def lose(self) -> None:
        """End it at once; its owner hears that now, and whoever waits soon."""
        self._transport.abort()
        self._owner.lost(self)

    def _wake_at(self, deadline: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._expire, deadline)

    def _expire(self, now: float) -> None:
        """End the patience of those whose deadline has come, and wake again for the next one's."""
        self._timer = None
        late = [owed.whole for owed in self._owed if owed.deadline <= now]
        for whole in late:
            if not whole.done():
                whole.set_exception(TimeoutError())
        # Late is one thing; a connection that says nothing at all would let everybody wait in vain who asks next.
        if late and self._loop.time() - self._silent_since >= self._owner.patience / 2:
            self.lose()
        elif len(late) < len(self._owed):
            self._wake_at(min(owed.deadline for owed in self._owed if owed.deadline > now))

    def _send(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"".join(self._unsent))
            self._owner.trips += 1
        self._unsent.clear()

    def data_received(self, data: bytes) -> None:
        self._silent_since = self._loop.time()
        self._reader.feed(data)
        next_reply = self._reader.gets
        while (reply := next_reply()) is not _INCOMPLETE:
            if isinstance(reply, hiredis.PushNotification):
                continue
            if not self._owed:
                self.lose()  # it says what nobody asked
                return
            number, replies, whole, _ = self._owed[0]
            replies.append(reply)
            if len(replies) == number:
                self._owed.popleft()
                if not whole.done():
                    whole.set_result(replies)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False

    def connection_lost(self, error: Exception | None) -> None:
        self._owner.lost(self)
        if self._timer:
            self._timer.cancel()
        for _, _, whole, _ in self._owed:
            if not whole.done():
                whole.set_exception(_Lost(str(error or "closed")))
        self._owed.clear()

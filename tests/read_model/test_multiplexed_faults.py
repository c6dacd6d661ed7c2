"""The one connection, to a peer that is late, silent, deaf, or not there."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from read_model.errors import Busy, NoReply
from read_model.multiplexed import LONGEST_PAUSE, MOST_UNSENT, Multiplexed, open_connection
from read_model.settings import ReadSettings
from tests.read_model.conftest import settings_for
from tests.read_model.patience import PATIENCE, until
from tests.read_model.peer import Peer, open_peer

MOST = 3


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with open_peer() as peer:
        yield peer


@pytest.fixture
def settings(peer: Peer) -> ReadSettings:
    return settings_for(peer.url).model_copy(update={"read_timeout_seconds": PATIENCE, "reads_in_flight": MOST})


def asking(connection: Multiplexed, text: str) -> asyncio.Task[list[str]]:
    return asyncio.create_task(connection.ask([("ECHO", text)]))


async def warm_up(connection: Multiplexed, peer: Peer) -> None:
    """Something asked and answered on the first connection."""
    read = asking(connection, "hello")
    assert await peer.next(0) == ("ECHO", "hello")
    peer.answer(0, "hello")
    assert await read == ["hello"]


async def test_an_answer_that_comes_late_is_nobodys(peer: Peer, settings: ReadSettings) -> None:
    async with open_connection(settings) as connection:
        await warm_up(connection, peer)
        connection.patience = 0.2
        late = asking(connection, "late")
        assert await peer.next(0) == ("ECHO", "late")
        connection.patience = PATIENCE  # too short a silence to say anything of the connection
        with pytest.raises(NoReply):
            await late
        next_ = asking(connection, "next")
        assert await peer.next(0) == ("ECHO", "next")
        peer.answer(0, "late", "next")
        assert await next_ == ["next"]
    assert peer.attempts == 1


async def test_a_silent_connection_is_replaced_for_all_who_wait_for_it(peer: Peer, settings: ReadSettings) -> None:
    async with open_connection(settings) as connection:
        patient = asking(connection, "patient")
        assert await peer.next(0) == ("ECHO", "patient")
        connection.patience = 0.2
        hasty = asking(connection, "hasty")
        assert await peer.next(0) == ("ECHO", "hasty")
        with pytest.raises(NoReply):
            await hasty
        # Its time has not run out yet, and reads may be repeated.
        connection.patience = PATIENCE
        assert await peer.next(1) == ("ECHO", "patient")
        peer.answer(1, "patient")
        assert await patient == ["patient"]
        await until(lambda: peer.left == {0})


async def test_a_connection_on_which_nobody_asks_stays(peer: Peer, settings: ReadSettings) -> None:
    async with open_connection(settings) as connection:
        await warm_up(connection, peer)
        connection.patience = 1
        await warm_up(connection, peer)
        connection.patience = 0
        await asyncio.sleep(1.1)  # beyond the time in which it had to answer, and did
        connection.patience = PATIENCE
        await warm_up(connection, peer)
    assert peer.attempts == 1


async def test_half_an_answer_is_none(peer: Peer, settings: ReadSettings) -> None:
    async with open_connection(settings) as connection:
        reads = [asking(connection, text) for text in ("a", "b")]
        for text in ("a", "b"):
            assert await peer.next(0) == ("ECHO", text)
        peer.writers[0].write(b"+a\r\n+")
        assert await reads[0] == ["a"]
        peer.writers[0].close()
        assert await peer.next(1) == ("ECHO", "b")
        peer.answer(1, "b")
        assert await reads[1] == ["b"]


async def test_a_connection_that_is_lost_twice_is_given_up(peer: Peer, settings: ReadSettings) -> None:
    async with open_connection(settings) as connection:
        read = asking(connection, "a")
        for number in (0, 1):
            assert await peer.next(number) == ("ECHO", "a")
            peer.writers[number].close()
        with pytest.raises(NoReply):
            await read


@pytest.mark.parametrize("nonsense", [b"?what\r\n", b"+unasked\r\n", b"-ERR unasked\r\n"])
async def test_a_peer_that_says_nonsense_is_left(peer: Peer, settings: ReadSettings, nonsense: bytes) -> None:
    async with open_connection(settings) as connection:
        await warm_up(connection, peer)
        peer.writers[0].write(nonsense)
        await until(lambda: connection._wire is None)
        read = asking(connection, "b")
        assert await peer.next(1) == ("ECHO", "b")
        peer.answer(1, "b")
        assert await read == ["b"]


async def test_those_who_left_take_their_place_until_redis_has_answered(peer: Peer, settings: ReadSettings) -> None:
    async with open_connection(settings) as connection:
        leaving = [asking(connection, str(n)) for n in range(MOST)]
        for n in range(MOST):
            assert await peer.next(0) == ("ECHO", str(n))
        for read in leaving:
            read.cancel()
        await asyncio.wait(leaving)
        with pytest.raises(Busy, match="reads"):
            await asking(connection, "one more")
        peer.answer(0, "0")
        read = asking(connection, "now")
        async with asyncio.timeout(PATIENCE):
            while (await asyncio.wait([read], timeout=0.01))[0]:
                assert isinstance(read.exception(), Busy)
                read = asking(connection, "now")
        assert await peer.next(0) == ("ECHO", "now")
        peer.answer(0, "1", "2", "now")
        assert await read == ["now"]


async def test_what_a_deaf_peer_does_not_take_has_a_bound(peer: Peer, settings: ReadSettings) -> None:
    patient = settings.model_copy(update={"reads_in_flight": 1_000})
    async with open_connection(patient) as connection:
        await warm_up(connection, peer)
        peer.stop_reading(0)
        reads: list[asyncio.Task[list[str]]] = []
        while not any(read.done() for read in reads):
            reads.append(asking(connection, "a" * (1 << 20)))
            await asyncio.sleep(0.001)
        assert len(reads) << 20 > MOST_UNSENT
        [refused] = [read for read in reads if read.done()]
        with pytest.raises(Busy):
            await refused
        peer.resume_reading(0)
        peer.answer(0, *(str(n) for n in range(len(reads) - 1)))
        assert [await read for read in reads if read is not refused] == [[str(n)] for n in range(len(reads) - 1)]


async def test_many_who_find_nobody_share_an_attempt_and_those_become_rare(peer: Peer, settings: ReadSettings) -> None:
    peer.is_welcoming = False
    many = settings.model_copy(update={"reads_in_flight": 1_000})
    async with open_connection(many) as connection:
        ends = await asyncio.gather(*(connection.ask([("PING",)]) for _ in range(500)), return_exceptions=True)
        assert {type(end) for end in ends} == {NoReply}
        assert peer.attempts == 1
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for _ in range(10):
            with pytest.raises(NoReply):
                await connection.ask([("PING",)])
        assert peer.attempts <= 6 + (loop.time() - begun) / LONGEST_PAUSE
        assert connection._pause == LONGEST_PAUSE
        peer.is_welcoming = True
        read = asking(connection, "a")
        assert await peer.next(0) == ("ECHO", "a")
        peer.answer(0, "a")
        assert await read == ["a"]
        # The next time it begins anew.
        assert connection._pause == 0


async def test_a_peer_that_does_not_greet_takes_no_longer_than_a_reply_may(peer: Peer, settings: ReadSettings) -> None:
    attempts = 0

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with open_connection(settings_for(url)) as connection, asyncio.timeout(PATIENCE):
            connection.patience = 0.2
            while attempts < 2:
                with pytest.raises(NoReply):
                    await connection.ask([("PING",)])


async def test_an_attempt_that_nobody_waits_for_any_more_fails_quietly(
    peer: Peer, settings: ReadSettings, caplog: pytest.LogCaptureFixture
) -> None:
    peer.is_welcoming = False
    async with open_connection(settings) as connection:
        read = asking(connection, "a")
        await until(lambda: connection._connecting is not None)
        read.cancel()
        await until(lambda: connection._connecting is None)
    assert peer.attempts == 1
    assert read.cancelled()
    del read  # which knows what it has waited for
    gc.collect()
    assert not caplog.records

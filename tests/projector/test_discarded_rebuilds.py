"""What was given up is given up in every generation, though the streams still have it."""

from redis.asyncio import Redis

from read_model.schema.requests import Ask, Request
from tests.projector.asking import ADA, DELIVERED, HELD, PLACED, SHIPPED, ask, project
from tests.projector.consumers import a_consumer, checkpoint
from tests.projector.contents import hash_at
from tests.projector.events import ORDER, position, watermark
from tests.projector.rebuilding import a_rebuild, generations, replay, rows_of, until_made
from write_model.contracts.streams import rebuild_key


async def test_a_rebuild_gives_up_what_was_given_up_before(redis: Redis) -> None:
    consumer = a_consumer(redis)
    await project(redis, consumer, [ADA, PLACED, HELD, SHIPPED], first=1)
    await ask(redis, Request(Ask.DISCARD, ORDER, position(3)))
    await project(redis, consumer, [watermark(), DELIVERED], first=5)
    before = await rows_of(redis, 1)
    await generations(redis).ask("rebuild")
    await replay(redis, [ADA])
    await until_made(redis, a_rebuild(redis))
    assert (await checkpoint(redis)).generation == 2
    assert await rows_of(redis, 2) == before


async def test_what_is_given_up_while_a_generation_is_made_is_given_up_in_both(redis: Redis) -> None:
    consumer, rebuild = a_consumer(redis), a_rebuild(redis, batch=1)
    await project(redis, consumer, [ADA, PLACED, HELD, SHIPPED, watermark()], first=1)
    await generations(redis).ask("rebuild")
    await replay(redis, [ADA])
    while (await hash_at(redis, rebuild_key(0)))["position"] != str(position(3)):
        await rebuild.step()
    assert "parked" in await rows_of(redis, 2)
    await ask(redis, Request(Ask.DISCARD, ORDER, position(3)))
    await project(redis, consumer, [watermark(), DELIVERED], first=6)
    await until_made(redis, rebuild)
    assert (await checkpoint(redis)).generation == 2
    assert await rows_of(redis, 2) == await rows_of(redis, 1)


async def test_what_no_journal_has_is_dropped_from_every_generation(redis: Redis) -> None:
    consumer = a_consumer(redis)
    await project(redis, consumer, [ADA, {"odd": "1"}], first=1)
    await ask(redis, Request(Ask.DROP, "", position(2)))
    await project(redis, consumer, [watermark()], first=3)
    await generations(redis).ask("rebuild")
    await replay(redis, [ADA])
    await until_made(redis, a_rebuild(redis))
    assert await rows_of(redis, 2) == await rows_of(redis, 1)

"""How far the read model is behind is seen while no projector works, and is gone once one does."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.system import ADDRESS, PLACE_ORDER
from tests.telemetry.conftest import Observed, total
from tests.telemetry.patience import eventually


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process stands still while the block runs."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_the_lag_rises_while_the_projector_stands_still_and_falls_when_it_goes_on(observed: Observed) -> None:
    async def lag() -> tuple[float, float]:
        metrics = await observed.metrics("api")
        return total(metrics, "orderstream_projection_lag_events"), total(metrics, "orderstream_projection_lag_seconds")

    async def is_behind(events: int, seconds: float) -> bool:
        found = await lag()
        return found[0] >= events and found[1] > seconds

    async def is_there() -> bool:
        return await lag() == (0, 0)

    async def silence() -> float:
        [silence, *_] = (await observed.metrics("api"))["orderstream_feed_silence_seconds"].samples
        return silence.value

    async with observed.system.staff as staff:
        customer, product = await staff.register_customer(), await staff.add_product()
        await eventually(is_there)
        with stopped(observed.system.processes["projector"].pid):
            lines = [{"productId": product, "quantity": 1}]
            input = {"customerId": customer, "lines": lines, "shippingAddress": ADDRESS}
            # The query asks for `projected`, which is false once its patience is over.
            assert (await staff.data(PLACE_ORDER, input=input))["placeOrder"]["receipt"]["projected"] is False
            await eventually(lambda: is_behind(2, 0))
            _, seconds = await lag()
            await eventually(lambda: is_behind(2, seconds))
            assert await silence() > 1
        await eventually(is_there)
        assert await silence() < 1

"""Single rows, by id."""

from read_model.connection import Reader
from tests.read_model.decoded import customer, order, product
from tests.read_model.projected import Projected, customer_row, make_id, order_row, product_row


async def test_rows_come_back_as_they_were_written(reader: Reader, projected: Projected) -> None:
    ada, lamp = customer_row(slot=5), product_row("Lamp")
    placed = order_row(make_id("ord", 5), ada.id)
    await projected.customer(ada)
    await projected.product(lamp)
    await projected.order(placed)
    assert await customer(reader, ada.id) == ada
    assert await product(reader, lamp.id) == lamp
    assert await order(reader, placed.summary.id) == placed
    assert reader.round_trips == 3


async def test_what_is_not_there_is_none(reader: Reader, projected: Projected) -> None:
    assert await customer(reader, make_id("cus", 5)) is None
    assert await product(reader, make_id("prd", 0)) is None
    assert await order(reader, make_id("ord", 5)) is None


async def test_what_is_no_id_of_the_kind_is_none_without_a_look(reader: Reader, projected: Projected) -> None:
    for id in ("", "x", "ord_", "ord_" + "ä" * 28, make_id("cus", 5), "x" * 10_000):
        assert await order(reader, id) is None
    assert await customer(reader, make_id("ord", 5)) is None
    assert await product(reader, make_id("ord", 5)) is None
    assert reader.round_trips == 0

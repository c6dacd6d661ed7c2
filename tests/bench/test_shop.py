"""The shops that are measured: the same whenever they have the same size, and as large as they were to be."""

from collections import Counter

from tests.bench.shop import LINES, Orders, Shop, aggregate_documents
from write_model.contracts.orders import OrderPlaced


def test_a_shop_is_the_same_whenever_it_has_the_same_size() -> None:
    assert list(Shop(500).history()) == list(Shop(500).history())
    assert list(Orders(100).history()) == list(Orders(100).history())


def test_orders_alone_are_so_many_and_nothing_happens_to_them_or_their_products() -> None:
    shop = Orders(100)
    events = [envelope for commit in shop.history() for envelope in commit]
    assert Counter(type(envelope.event).__name__ for envelope in events) == {
        "CustomerRegistered": 2,
        "ProductAdded": 40,
        "OrderPlaced": 100,
    }
    assert {envelope.version for envelope in events} == {1}
    assert {len(one.event.lines) for one in events if isinstance(one.event, OrderPlaced)} == {LINES}
    assert shop.ids["ord"] == [one.aggregate_id for one in events if isinstance(one.event, OrderPlaced)]


def test_the_states_of_orders_alone_are_not_kept() -> None:
    shop = Orders(100)
    for _ in shop.history():
        pass
    assert Counter(collection for collection, _ in aggregate_documents(shop)) == {"customers": 2, "products": 40}

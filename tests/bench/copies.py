"""The same shop as others would keep it: normalised collections for CRUD, plain hashes, and finished answers."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic_core import to_json
from pymongo import ASCENDING, DESCENDING, MongoClient
from redis import Redis

from read_model.schema.names import beginnings_of, fold, words_of
from tests.bench.shop import CURRENCY, Shop
from write_model.contracts.codec import encode_time
from write_model.contracts.money import format_amount

CRUD: Final = "crud"
PLAIN_DATABASE: Final = 1
ANSWERS_DATABASE: Final = 2
_AT_ONCE: Final = 5_000

Document = dict[str, Any]


def with_database(redis_url: str, number: int) -> str:
    """The URL of another database of the same Redis."""
    return urlsplit(redis_url)._replace(path=f"/{number}").geturl()


def write_normalised(shop: Shop, mongodb_url: str) -> None:
    """A collection for each kind of thing, indexed for the queries that are measured; words cut up for the search."""
    collections = {
        "customers": [_customer(state) for state in shop.of("cus")],
        "products": [_product(state) for state in shop.of("prd")],
        "orders": [_order(state, shop.created[state.id]) for state in shop.of("ord")],
        "order_lines": [_line(state.id, n, line) for state in shop.of("ord") for n, line in enumerate(state.lines)],
    }
    with MongoClient[Document](mongodb_url) as client:
        database = client[CRUD]
        for name, documents in collections.items():
            for start in range(0, len(documents), _AT_ONCE):
                database[name].insert_many(documents[start : start + _AT_ONCE])
        database["orders"].create_index([("customer_id", ASCENDING), ("_id", DESCENDING)])
        database["order_lines"].create_index([("order_id", ASCENDING), ("number", ASCENDING)])
        database["products"].create_index([("words", ASCENDING), ("folded", ASCENDING)])


def _customer(state: Any) -> Document:
    return {"_id": state.id, "name": state.name, "email": state.email}


def _product(state: Any) -> Document:
    return {
        "_id": state.id,
        "sku": state.sku,
        "name": state.name,
        "folded": fold(state.name),
        "words": sorted(words_of(state.sku, state.name, state.category)),
        "category": state.category,
        "price": state.price,
        "currency": CURRENCY,
        "available": state.stock,
        "status": "ACTIVE",
    }


def _order(state: Any, created: datetime) -> Document:
    return {
        "_id": state.id,
        "version": state.version,
        "customer_id": state.customer_id,
        "status": state.status.value,
        "total": state.total,
        "currency": CURRENCY,
        "created_at": created,
        "shipping_address": state.shipping_address.model_dump(),
    }


def _line(order_id: str, number: int, line: Any) -> Document:
    return {"order_id": order_id, "number": number, **line.model_dump()}


def write_plain_hashes(shop: Shop, redis_url: str) -> None:
    """A hash for each thing and a sorted set for each list, as one would do it without thinking of answers."""
    with Redis.from_url(with_database(redis_url, PLAIN_DATABASE)) as redis:
        pipeline = redis.pipeline(transaction=False)
        for n, (key, value) in enumerate(_plain(shop)):
            if isinstance(value, str):
                pipeline.zadd(key, {value: 0})
            else:
                pipeline.hset(key, mapping=dict(value))
            if n % _AT_ONCE == 0:
                pipeline.execute()
        pipeline.execute()


def _plain(shop: Shop) -> Iterator[tuple[str, Mapping[str, str | int | bytes] | str]]:
    """Keys, each with the fields of a hash or a member of a sorted set."""
    for customer in shop.of("cus"):
        yield f"customer:{customer.id}", {"id": customer.id, "name": customer.name}
    for product in shop.of("prd"):
        yield (
            f"product:{product.id}",
            {
                "id": product.id,
                "sku": product.sku,
                "name": product.name,
                "category": product.category,
                "price": format_amount(product.price, CURRENCY),
                "currency": CURRENCY,
                "available": product.stock,
                "status": "ACTIVE",
            },
        )
        for beginning in beginnings_of(words_of(product.sku, product.name, product.category)):
            yield f"products:{beginning}", f"{fold(product.name)}\0{product.id}"
    for order in shop.of("ord"):
        yield (
            f"order:{order.id}",
            {
                "id": order.id,
                "version": order.version,
                "status": order.status.value,
                "customerId": order.customer_id,
                "itemCount": sum(line.quantity for line in order.lines),
                "total": format_amount(order.total, CURRENCY),
                "currency": CURRENCY,
                "createdAt": encode_time(shop.created[order.id]),
                "lines": to_json([_plain_line(line) for line in order.lines]),
            },
        )
        yield f"orders:{order.customer_id}", order.id


def _plain_line(line: Any) -> Document:
    return {
        "productId": line.product_id,
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "unitPrice": format_amount(line.unit_price, CURRENCY),
        "lineTotal": format_amount(line.unit_price * line.quantity, CURRENCY),
    }


def write_answers(answers: Mapping[str, bytes], redis_url: str) -> None:
    """Finished answers by what was asked for, for the server that only passes them on."""
    with Redis.from_url(with_database(redis_url, ANSWERS_DATABASE)) as redis:
        redis.mset(dict(answers))

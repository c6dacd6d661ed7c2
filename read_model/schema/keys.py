"""Every Redis key of the read model, once.

A key begins with its partition's hash tag, so that all writes of one projection step are one slot, and with the
generation, so that a rebuild can prepare a new one beside the one that serves.
"""

from hashlib import blake2b
from typing import Final, NamedTuple

from write_model.contracts.streams import Position, hash_tag


class Keys(NamedTuple):
    """The keys of one partition in one generation."""

    partition: int
    generation: int

    def order(self, order_id: str) -> str:
        """Hash: an order's row (orders.OrderRow)."""
        return self._key(f"order:{order_id}")

    def order_history(self, order_id: str) -> str:
        """List: an order's events (history.py), oldest first."""
        return self._key(f"order-history:{order_id}")

    def orders(self, *, customer_id: str | None = None, status: str | None = None) -> str:
        """Sorted set by id, which is by creation: all orders, a customer's, those in a status, or both."""
        return self._key("orders" + (f":of:{customer_id}" if customer_id else "") + (f":{status}" if status else ""))

    def customer(self, customer_id: str) -> str:
        """Hash: a customer's row (customers.CustomerRow)."""
        return self._key(f"customer:{customer_id}")

    def customers(self, beginning: str = "") -> str:
        """Sorted set, members by `names.name_member`: the customers, or those with a word that begins so."""
        return self._key("customers" + (f":with:{beginning}" if beginning else ""))

    def command(self, command_id: str) -> str:
        """Hash: a queued command's row (commands.CommandRow)."""
        return self._key(f"command:{command_id}")

    def renames(self) -> str:
        """Sorted set: the customers whose new name is on its way into their orders, by how many of them show it."""
        return self._key("renames")

    def sales(self, currency: str) -> str:
        """Hash of counters, fields by `sales.day_fields`: orders, units and amounts by the day they were placed."""
        return self._key(f"sales:{currency}")

    def product(self, product_id: str) -> str:
        """Hash: a product's row (products.ProductRow)."""
        return self._key(f"product:{product_id}")

    def catalogue(self) -> str:
        """Hash: how many products there are (catalogue.CatalogueRow)."""
        return self._key("catalogue")

    def categories(self) -> str:
        """Hash of counters, a field for each category: its products that can be ordered."""
        return self._key("categories")

    def products(self, order: str) -> str:
        """Sorted set, members by `catalogue.member_of`: all products in one of the orders `catalogue.ORDERS`."""
        return self._key(f"products:by:{order}")

    def product_labels(self, order: str) -> str:
        """Column: the product's label in the order (`catalogue.label_of`), by number, `catalogue.LABEL_BYTES` each."""
        return self._key(f"products:labels:{order}")

    def product_ids(self) -> str:
        """Column: the product's id, by number, `ids.ID_LENGTH` bytes each."""
        return self._key("products:ids")

    def product_names(self) -> str:
        """Sorted set, scores are numbers: the product's member in the order by name."""
        return self._key("products:names")

    def products_with(self, mark: str) -> str:
        """Set of the numbers of the products that have a mark: a Redis set of a few, a bitmap of many."""
        return self._key(f"products:with:{mark}")

    def parked(self) -> str:
        """Sorted set, members by `given_up.member_of`: the events that could not be projected, by aggregate, in order.

        Later events of such an aggregate are parked as well.
        """
        return self._key("parked")

    def parked_event(self, position: Position) -> str:
        """Hash: the stream entry of a parked event as it came, and `parked.REASON`."""
        return self._key(f"parked:{position}")

    def all(self) -> str:
        """Pattern: every key of the generation."""
        return self._key("*")

    def _key(self, rest: str) -> str:
        return f"{{p{self.partition}}}:{self.generation}:{rest}"


def feed_key(partition: int) -> str:
    """Stream: the partition's change notices (changes.py); an id is the position that was projected."""
    return f"{hash_tag(partition)}:feed"


def requests_key(partition: int) -> str:
    """Stream: what the partition's projector is asked to do (requests.py), taken out as it is done."""
    return f"{hash_tag(partition)}:requests"


def answer_key(partition: int, request_id: str) -> str:
    """Hash with an expiry: what came of a request (requests.Answer)."""
    return f"{hash_tag(partition)}:answer:{request_id}"


def replaced_key(partition: int) -> str:
    """Sorted set: generations that do not serve any more, by the second from which on their keys may go."""
    return f"{hash_tag(partition)}:replaced"


def owner_key(partition: int) -> str:
    """String with an expiry: the projector that works on the partition."""
    return f"{hash_tag(partition)}:owner"


PROJECTORS_KEY = "projectors"
"""Sorted set: the projectors alive, by the second at which each is given up."""


ALLOWANCE_SLOTS: Final = 16
"""So few that many clients are counted in one call, so many that they spread over the nodes of a cluster."""


def allowance_key(client: str) -> str:
    """String with an expiry: what a client may still use, and since when (allowances.py). Says nothing of who it is."""
    digest = blake2b(client.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{{a{int(digest[:4], 16) % ALLOWANCE_SLOTS}}}:allowance:{digest}"

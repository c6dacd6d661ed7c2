"""Who is asking, and who may ask what: one table over every root field of the schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, NamedTuple

from api.errors import Forbidden, Unauthenticated

Role = Literal["staff", "customer", "nobody"]
Scope = Literal["commands", "queries"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request: a member of staff, a customer (`customer_id`), or nobody in particular, without a token."""

    role: Role
    subject: str
    customer_id: str | None = None
    scopes: frozenset[Scope] = frozenset()
    until: float = 0.0
    """When the token ends, in Unix time."""

    def may_see(self, customer_id: str) -> bool:
        """Staff see what is anyone's, a customer what is theirs."""
        return self.role == "staff" or (self.role == "customer" and self.customer_id == customer_id)


NOBODY: Final = Caller("nobody", "nobody")


class Who(Enum):
    """Whom a root field is for."""

    ANYONE = "everyone, without a token too"
    SIGNED_IN = "whoever is signed in"
    OWN = "staff, and customers for what is their own: the field itself keeps the rest from them"
    STAFF = "staff"


class Rule(NamedTuple):
    """Who may use a root field, and with a token of which scope: one of these is enough."""

    who: Who
    scopes: frozenset[Scope]


COMMANDS: Final[frozenset[Scope]] = frozenset({"commands"})
QUERIES: Final[frozenset[Scope]] = frozenset({"queries"})
# What becomes of commands is for those who send them, too.
EITHER: Final = COMMANDS | QUERIES

# The one table of who may do what. A root field that is not here cannot be served (api.schema).
ACCESS: Final[Mapping[str, Mapping[str, Rule]]] = {
    "Query": {
        "node": Rule(Who.ANYONE, QUERIES),  # where it is a product
        "me": Rule(Who.SIGNED_IN, QUERIES),
        "customer": Rule(Who.OWN, QUERIES),
        "customers": Rule(Who.STAFF, QUERIES),
        "product": Rule(Who.ANYONE, QUERIES),
        "products": Rule(Who.ANYONE, QUERIES),
        "categories": Rule(Who.ANYONE, QUERIES),
        "topProducts": Rule(Who.ANYONE, QUERIES),
        "order": Rule(Who.OWN, QUERIES),
        "orders": Rule(Who.OWN, QUERIES),
        "salesByDay": Rule(Who.STAFF, QUERIES),
        "orderCounts": Rule(Who.STAFF, QUERIES),
        "command": Rule(Who.OWN, EITHER),
        "projection": Rule(Who.SIGNED_IN, EITHER),
        "operations": Rule(Who.STAFF, QUERIES),
        "parkedEvents": Rule(Who.STAFF, QUERIES),
        "parkedEvent": Rule(Who.STAFF, QUERIES),
        "orderHistory": Rule(Who.STAFF, QUERIES),
    },
    "Mutation": {
        "registerCustomer": Rule(Who.STAFF, COMMANDS),
        "updateCustomerProfile": Rule(Who.OWN, COMMANDS),
        "deactivateCustomer": Rule(Who.STAFF, COMMANDS),
        "reactivateCustomer": Rule(Who.STAFF, COMMANDS),
        "addProduct": Rule(Who.STAFF, COMMANDS),
        "updateProductDetails": Rule(Who.STAFF, COMMANDS),
        "changeProductPrice": Rule(Who.STAFF, COMMANDS),
        "restockProduct": Rule(Who.STAFF, COMMANDS),
        "discontinueProduct": Rule(Who.STAFF, COMMANDS),
        "placeOrder": Rule(Who.OWN, COMMANDS),
        "createOrder": Rule(Who.OWN, COMMANDS),
        "addOrderItem": Rule(Who.OWN, COMMANDS),
        "changeOrderItemQuantity": Rule(Who.OWN, COMMANDS),
        "removeOrderItem": Rule(Who.OWN, COMMANDS),
        "submitOrder": Rule(Who.OWN, COMMANDS),
        "confirmOrder": Rule(Who.STAFF, COMMANDS),
        "shipOrder": Rule(Who.STAFF, COMMANDS),
        "deliverOrder": Rule(Who.STAFF, COMMANDS),
        "cancelOrder": Rule(Who.OWN, COMMANDS),
        "retryParked": Rule(Who.STAFF, COMMANDS),
        "discardParked": Rule(Who.STAFF, COMMANDS),
        "rebuild": Rule(Who.STAFF, COMMANDS),
    },
    "Subscription": {
        "orderStatusChanged": Rule(Who.OWN, QUERIES),
        "ordersChanged": Rule(Who.OWN, QUERIES),
        "productChanged": Rule(Who.ANYONE, QUERIES),
        "commandSettled": Rule(Who.OWN, EITHER),
        "operationsChanged": Rule(Who.STAFF, QUERIES),
        "eventsPassing": Rule(Who.STAFF, QUERIES),
    },
}


def check_access(rule: Rule, caller: Caller) -> None:
    """Unauthenticated or Forbidden where the caller may not use a field of that rule at all."""
    if rule.who is Who.ANYONE:
        return
    if caller.role == "nobody":
        raise Unauthenticated("Sign in: send `Authorization: Bearer <token>`.")
    if rule.scopes.isdisjoint(caller.scopes):
        raise Forbidden(f"The token lacks the scope {' or '.join(f'`{scope}`' for scope in sorted(rule.scopes))}.")
    if rule.who is Who.STAFF and caller.role != "staff":
        raise Forbidden("This is for staff only.")

"""Who is asking, and who may ask what: bearer tokens, and one table over every root field of the schema."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any, Final, Literal

import jwt

from api.errors import Forbidden, Unauthenticated
from write_model.contracts.ids import kind_of

Role = Literal["staff", "customer"]

ISSUER: Final = "orderstream"
AUDIENCE: Final = "orderstream"
ALGORITHM: Final = "HS256"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request: a member of staff, or a customer (`customer_id`)."""

    role: Role
    subject: str
    customer_id: str | None = None

    def may_see(self, customer_id: str) -> bool:
        """Staff see what is anyone's, a customer what is theirs."""
        return self.role == "staff" or self.customer_id == customer_id


ANONYMOUS_STAFF: Final = Caller("staff", "anonymous")


class Access(Enum):
    """Who may use a root field."""

    STAFF = "staff"
    OWN = "staff, and customers for what is their own: the field itself keeps the rest from them"
    SIGNED_IN = "whoever is signed in"


# The one table of who may do what. A root field that is not here cannot be served (api.schema).
ACCESS: Final[Mapping[str, Mapping[str, Access]]] = {
    "Query": {
        "node": Access.OWN,
        "me": Access.SIGNED_IN,
        "customer": Access.OWN,
        "customers": Access.STAFF,
        "product": Access.SIGNED_IN,
        "products": Access.SIGNED_IN,
        "categories": Access.SIGNED_IN,
        "topProducts": Access.SIGNED_IN,
        "order": Access.OWN,
        "orders": Access.OWN,
        "salesByDay": Access.STAFF,
        "orderCounts": Access.STAFF,
        "command": Access.OWN,
        "projection": Access.SIGNED_IN,
    },
    "Mutation": {
        "registerCustomer": Access.STAFF,
        "updateCustomerProfile": Access.OWN,
        "deactivateCustomer": Access.STAFF,
        "reactivateCustomer": Access.STAFF,
        "addProduct": Access.STAFF,
        "updateProductDetails": Access.STAFF,
        "changeProductPrice": Access.STAFF,
        "restockProduct": Access.STAFF,
        "discontinueProduct": Access.STAFF,
        "placeOrder": Access.OWN,
        "createOrder": Access.OWN,
        "addOrderItem": Access.OWN,
        "changeOrderItemQuantity": Access.OWN,
        "removeOrderItem": Access.OWN,
        "submitOrder": Access.OWN,
        "confirmOrder": Access.STAFF,
        "shipOrder": Access.STAFF,
        "deliverOrder": Access.STAFF,
        "cancelOrder": Access.OWN,
    },
    "Subscription": {
        "orderStatusChanged": Access.OWN,
        "ordersChanged": Access.OWN,
        "productChanged": Access.SIGNED_IN,
        "commandSettled": Access.OWN,
    },
}


def check_access(access: Access, caller: Caller) -> None:
    """Forbidden where the caller may not use a field of that access at all."""
    if access is Access.STAFF and caller.role != "staff":
        raise Forbidden("This is for staff only.")


def issue_token(
    secret: str, role: Role, customer_id: str | None, lifetime_seconds: int, *, now: datetime | None = None
) -> str:
    """A bearer token for staff or for one customer, valid from now on; ValueError where the two do not fit."""
    if (role == "customer") != (customer_id is not None):
        raise ValueError("a customer's token needs the customer's id, and only that one")
    if customer_id is not None and kind_of(customer_id) != "cus":
        raise ValueError(f"{customer_id[:40]!r} is not the id of a customer")
    now = now or datetime.now(UTC)  # noqa: TID251 - PyJWT judges expiry by the same clock of the machine
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": customer_id or "staff",
        "role": role,
        "iat": now,
        "exp": now + timedelta(seconds=lifetime_seconds),
    }
    if customer_id is not None:
        claims["customer_id"] = customer_id
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def read_token(secret: str, token: str) -> Caller:
    """Whom the token speaks for; Unauthenticated for one that is forged, expired or not meant for us."""
    now = time.time()  # noqa: TID251 - PyJWT judges expiry by the same clock of the machine
    caller, since, until = _believed(secret, token)
    return caller if since <= now < until else _verified(secret, token)[0]


def _verified(secret: str, token: str) -> tuple[Caller, float, float]:
    """Whom a good token speaks for, and from when until when (Unix time) that was seen to hold."""
    now = time.time()  # noqa: TID251 - as above
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise Unauthenticated("The token has expired.") from error
    except jwt.InvalidTokenError as error:
        raise Unauthenticated("The token is not valid.") from error
    return _caller_of(claims), now, float(claims["exp"])


# To verify a token costs more than to read an order.
_believed: Final = lru_cache(maxsize=10_000)(_verified)


def _caller_of(claims: dict[str, Any]) -> Caller:
    match claims:
        case {"role": "staff", "sub": str(subject)}:
            return Caller("staff", subject)
        case {"role": "customer", "sub": str(subject), "customer_id": str(id)} if kind_of(id) == "cus":
            return Caller("customer", subject, id)
    raise Unauthenticated("The token names no role that is known here.")


def read_authorization(secret: str, header: str) -> Caller:
    """Whom an Authorization header (RFC 6750) speaks for; Unauthenticated for anything but a good bearer token."""
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("Send the token as `Authorization: Bearer <token>`.")
    return read_token(secret, token.strip())

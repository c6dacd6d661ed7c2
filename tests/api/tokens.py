"""Tokens that are not good, each in its own way."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from api.auth import issue_token
from tests.system import SECRET


def forged(key: Any = SECRET, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token of staff, signed so, with other claims; None takes one away."""
    claims = {
        "iss": "orderstream", "aud": "orderstream", "sub": "staff", "role": "staff", "scope": "commands queries",
        "exp": datetime.now(UTC) + timedelta(hours=1), **changes,
    }  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm, headers)


BAD_TOKENS = {
    "garbage": "x.y.z",
    "long": "x" * 10_000,
    "another key": forged(SECRET + "!"),
    "expired": issue_token(SECRET, "staff", None, 3600, now=datetime(2020, 1, 1, tzinfo=UTC)),
    "unsigned": forged("", "none"),
    "another algorithm": forged(SECRET * 2, "HS512"),
    "another audience": forged(aud="elsewhere"),
    "another issuer": forged(iss="elsewhere"),
    "without an end": forged(exp=None),
    "without a role": forged(role=None),
    "of an unknown role": forged(role="root"),
    "of a customer without an id": forged(role="customer"),
    "of a customer with an order's id": forged(role="customer", customer_id="ord_" + "0" * 28),
}

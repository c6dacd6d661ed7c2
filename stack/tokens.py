"""Tokens from the command line."""

from typing import Literal

from api.auth import issue_token
from api.settings import ApiSettings


def make_token(role: Literal["staff", "customer"], customer_id: str | None, *, lifetime_seconds: int) -> str:
    """A bearer token by the key in force; ValueError for what is not a customer's id."""
    secret = ApiSettings().auth_secret.get_secret_value()
    return issue_token(secret, role, customer_id, lifetime_seconds)

"""The edge's configuration, from environment variables."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_OURSELVES = tuple(("http", host) for host in ("localhost", "127.0.0.1", "::1"))

Texts = Annotated[tuple[str, ...], NoDecode]
"""Texts, separated by commas."""

Serve = Literal["all", "commands", "queries"]
"""Which half of the schema a process serves."""


class ApiSettings(BaseSettings):
    """What an `api` process must be told, beside what its two models must be (WriteSettings, ReadSettings)."""

    model_config = SettingsConfigDict(frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    serve: Serve = Field(
        "all", description="Which half to serve: `commands`, `queries` (which needs no MongoDB), or `all`."
    )
    forwarded_allow_ips: Texts = Field(
        (),
        description="Addresses or networks, separated by commas, of proxies that say in `X-Forwarded-For` and "
        "`X-Forwarded-Proto` whom they speak for; `*` for all.",
    )
    auth_jwks_url: str | None = Field(
        None, description="Where the identity provider publishes the keys of its tokens (JWKS), https."
    )
    auth_secret: SecretStr | None = Field(
        None,
        min_length=32,
        validate_default=True,
        description="Secret that bearer tokens are signed with, 32 characters or more; instead of AUTH_JWKS_URL.",
    )
    auth_algorithms: Texts = Field(
        (),
        description="Signatures that are taken, separated by commas; without it HS256 for a secret, and RS256, ES256 "
        "and EdDSA for published keys.",
    )
    auth_jwks_seconds: float = Field(
        300.0, ge=1, description="How often the published keys are fetched; and when a token names an unknown one."
    )
    auth_issuer: str = Field("orderstream", description="Who must have issued a token (`iss`).")
    auth_audience: str = Field("orderstream", description="Whom a token must be meant for (`aud`).")
    auth_leeway_seconds: float = Field(
        5.0, ge=0, description="How far the clocks of this machine and of the issuer may lie apart."
    )
    auth_role_claim: str = Field(
        "role", description="Claim with the caller's role or roles; a dot leads into it: `realm_access.roles`."
    )
    auth_staff_role: str = Field("staff", description="What that claim says of staff.")
    auth_customer_role: str = Field("customer", description="What that claim says of customers.")
    auth_customer_claim: str = Field("customer_id", description="Claim with the customer's id here.")
    auth_scope_claim: str = Field(
        "scope",
        description="Claim with what a token is good for, `commands`, `queries` or both; empty: every token for both.",
    )
    graphiql_staff: bool = Field(
        False, description="Sign GraphiQL in as staff for browsers on this machine; for development only."
    )
    allowed_origins: Texts = Field(
        (), description="Origins, separated by commas, of the web pages on other hosts that may use the API."
    )
    introspection: bool = Field(
        False, description="Answer questions about the schema itself, and say in errors what may have been meant."
    )
    graphiql: bool = Field(
        False, description="Show browsers GraphiQL; it asks about the schema, so `INTROSPECTION` too."
    )
    compress_bytes: int = Field(
        14_000, ge=0, description="Answers so long are compressed for clients that accept gzip; 0 for none."
    )
    stale_read_timeout_ms: int = Field(
        5_000, ge=0, le=60_000, description="How long a read waits for what `consistentWith` names."
    )
    max_body_bytes: int = Field(1 << 20, ge=1_024, description="Largest body of an HTTP request.")
    max_message_bytes: int = Field(1 << 20, ge=1_024, description="Largest message on a WebSocket.")
    max_requests: int = Field(
        2_000, ge=1, description="HTTP requests that may be in flight at once; more are UNAVAILABLE (503)."
    )
    max_sockets: int = Field(
        5_000, ge=1, description="WebSockets that may be open at once; more are UNAVAILABLE (503)."
    )
    max_operations_per_socket: int = Field(100, ge=1, description="Operations that one WebSocket may run at once.")
    shutdown_notice_seconds: float = Field(
        3.0, ge=0, description="How long after SIGTERM `/readyz` says 503 while everything is still served."
    )
    shutdown_seconds: int = Field(
        10, ge=1, description="How long a process may finish what it took after SIGTERM; then it is cut off."
    )

    @field_validator("auth_jwks_url")
    @classmethod
    def _is_secure(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "https://-")
        if not parts.hostname or (parts.scheme, parts.hostname) not in (("https", parts.hostname), *_OURSELVES):
            raise ValueError("keys are fetched over https:// (over http:// from this machine only)")
        return url or None

    @field_validator("auth_secret")
    @classmethod
    def _is_one_source(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        is_published = info.data.get("auth_jwks_url") is not None
        if secret is None and not is_published and "auth_jwks_url" in info.data:
            raise PydanticCustomError("missing", "Field required")
        if secret is not None and is_published:
            raise ValueError("a server has one source of keys, and AUTH_JWKS_URL is set as well: unset one of them")
        return secret

    @field_validator("allowed_origins", "auth_algorithms", "forwarded_allow_ips", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

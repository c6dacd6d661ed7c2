"""The edge's configuration, from environment variables."""

from pathlib import Path
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
        False,
        description="Sign GraphiQL and the console in as staff for browsers on this machine; for development only.",
    )
    console: bool = Field(
        True, description="Show browsers the console, at `/console`; what it shows and does needs a token of staff."
    )
    shop: bool = Field(
        False,
        description="Show browsers the example shop, at `/shop`, and sign those on this machine in there as whom they "
        "like; for development only.",
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
    documents: Path | None = Field(
        None, description="Manifest of the documents that are answered, and no others (trusted documents)."
    )
    automatic_persisted_queries: bool = Field(
        False, description="Keep documents that come with their hash, for clients that send the hash alone next time."
    )
    stale_read_timeout_ms: int = Field(
        5_000, ge=0, le=60_000, description="How long a read waits for what `consistentWith` names."
    )
    max_body_bytes: int = Field(1 << 20, ge=1_024, description="Largest body of an HTTP request.")
    max_message_bytes: int = Field(1 << 20, ge=1_024, description="Largest message on a WebSocket.")
    max_requests: int = Field(
        2_000, ge=1, description="HTTP requests that may be in flight at once; more are UNAVAILABLE (503)."
    )
    max_requests_per_client: int = Field(
        500, ge=1, description="HTTP requests that one client may have in flight at once; more are THROTTLED (429)."
    )
    max_waits_per_client: int = Field(
        200, ge=1, description="Consistency tokens that one client may wait for at once; more are THROTTLED (429)."
    )
    max_sockets: int = Field(
        5_000, ge=1, description="WebSockets that may be open at once; more are UNAVAILABLE (503)."
    )
    max_sockets_per_client: int = Field(
        1_000, ge=1, description="WebSockets that may be open at once from one address; more are THROTTLED (429)."
    )
    max_subscriptions_per_client: int = Field(
        1_000, ge=1, description="Subscriptions that one client may have at once; more are THROTTLED."
    )
    max_connections: int = Field(
        10_000, ge=1, description="Connections at once; for one more, the one that has waited longest gives way."
    )
    request_seconds: float = Field(
        20.0, gt=0, description="How long a whole request may take to come, and `connection_init` on a WebSocket."
    )
    keep_alive_seconds: int = Field(5, ge=1, description="How long an idle connection is kept for another request.")
    execution_seconds: float = Field(
        30.0, gt=0, description="How long a query or a mutation may take; then it is cut off with TIMEOUT."
    )
    max_operations_per_socket: int = Field(100, ge=1, description="Operations that one WebSocket may run at once.")
    max_tokens: int = Field(2_000, ge=1, description="Tokens that a document may have.")
    max_depth: int = Field(20, ge=1, description="Levels of fields that an operation may have.")
    max_aliases: int = Field(100, ge=0, description="Aliases that an operation may have, those in fragments each time.")
    max_root_fields: int = Field(50, ge=1, description="Fields that an operation may have at its root.")
    max_directives: int = Field(100, ge=0, description="Directives that an operation may have.")
    max_cost: int = Field(10_000, ge=1, description="What an operation may cost: an object 1, a page its size in rows.")
    throttle_rate: int = Field(
        2_000, ge=0, description="Cost that each client may use a second, over all processes; 0 for no bound."
    )
    throttle_burst: int = Field(
        20_000, ge=1, description="Cost that a client may use at once, after a pause; MAX_COST or more."
    )
    shutdown_notice_seconds: float = Field(
        3.0, ge=0, description="How long after SIGTERM `/readyz` says 503 while everything is still served."
    )
    shutdown_seconds: int = Field(
        10, ge=1, description="How long a process may finish what it took after SIGTERM; then it is cut off."
    )

    log_requests: Literal["all", "slow", "none"] = Field(
        "slow", description="Requests that have a line in the log: all, or those that were slow or went wrong here."
    )
    slow_request_seconds: float = Field(1.0, ge=0, description="From where on a request is slow.")

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

    @field_validator("throttle_burst")
    @classmethod
    def _burst_allows_every_operation(cls, burst: int, info: ValidationInfo) -> int:
        if burst < info.data.get("max_cost", 0):
            raise ValueError("must be MAX_COST or more, or an operation that is allowed could never be sent")
        return burst

    @field_validator("allowed_origins", "auth_algorithms", "forwarded_allow_ips", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

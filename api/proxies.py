"""Proxies in front of the process, which terminate TLS: those that are trusted say whom they speak for."""

from collections.abc import Sequence
from typing import Any, Final, Self

from starlette.types import Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware


class Proxies:
    """Reads `X-Forwarded-For` and `X-Forwarded-Proto` of those requests that uvicorn does not read them of.

    By uvicorn's own rules, so that a request is from the same address and of the same scheme whichever way it takes.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._middleware: Final = ProxyHeadersMiddleware(_nobody, list(addresses))

    @classmethod
    def trusted(cls, addresses: Sequence[str]) -> Self | None:
        """Those at these addresses or in these networks, `*` for all; None where there are none."""
        return cls(addresses) if addresses else None

    async def see(self, scope: Scope) -> None:
        """Put the client and the scheme in, where a trusted proxy names them; to do it twice changes nothing."""
        nobody: Any = _nobody
        await self._middleware(scope, nobody, nobody)  # type: ignore[arg-type]


async def _nobody(*_: object) -> None:
    pass

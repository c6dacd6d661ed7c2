"""Large answers, compressed for clients that can read that. What is small stays as it is: it fits a packet or two."""

from typing import Final

from starlette.middleware.gzip import GZipResponder
from starlette.types import Receive, Scope, Send

LEVEL: Final = 1
"""Of zlib: the others take several times as long for a little less."""
COMPRESSED: Final = b"content-encoding: gzip\r\nvary: Accept-Encoding\r\n"
"""Headers of what is."""


async def compress(answer: bytes) -> bytes:
    """The answer in gzip's format, as Starlette's middleware does it: a very large one in a thread."""
    return await GZipResponder(_nobody, 0, LEVEL).apply_compression(answer, more_body=False)


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotImplementedError

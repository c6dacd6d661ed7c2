"""Ports for what the tests start."""

import os
import re
import socket
from contextlib import suppress
from itertools import count
from random import randrange

_LOWEST, _SHARES, _SHARE = 10_000, 16, 600

_worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % _SHARES
_numbers = count(randrange(_SHARE))


def free_port() -> int:
    """A port of 127.0.0.1 where nobody listens, and that nobody else is given before it is used.

    The kernel gives ports from 32768 on to whoever asks for any, each connection to elsewhere among them: what was
    free when we looked may be another's a moment later. So these are below, apart from those of `stack.embedded`, and
    each worker of the tests has its own.
    """
    for _ in range(_SHARE):
        port = _LOWEST + _worker * _SHARE + next(_numbers) % _SHARE
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("no port is free")

"""The address on which the API is to listen, tried before anything is started."""

import errno
import socket

from stack.operator_error import OperatorError


def must_be_free(host: str, port: int) -> None:
    """OperatorError unless the API will be able to listen there."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror:
        raise OperatorError(f"HOST={host} is no address of this machine: use 127.0.0.1, or 0.0.0.0 for all") from None
    except PermissionError:
        raise OperatorError(f"port {port} is for root only: choose one above 1023, e.g. PORT=8000") from None
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise OperatorError(
                f"HOST={host} is no address of this machine: use 127.0.0.1, or 0.0.0.0 for all"
            ) from None
        if error.errno != errno.EADDRINUSE:
            raise OperatorError(f"cannot listen on {host} port {port}: {error.strerror}") from None
        raise OperatorError(
            f"port {port} on {host} is taken: stop what listens there, or choose another, e.g. PORT={port + 1}"
        ) from None

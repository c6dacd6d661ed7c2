"""How far long work is, on stderr: a bar with rate and remaining time on a terminal, else a line now and then.

Nothing of it comes between what a command says on stdout.
"""

import time
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from stack.console import errors

_LINE_SECONDS: Final = 10.0


class _Rate(ProgressColumn):
    """What is done a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class Work:
    """Shows the work during a `with` block. `silent`: only on a terminal, because a program reads the rest."""

    def __init__(self, *, silent: bool = False) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=errors, transient=True) if errors.is_terminal else None
        self._task = self._bar.add_task("", total=None) if self._bar else None
        self._silent = silent
        self._said, self._said_at = "", 0.0

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, what: str, done: int, total: int) -> None:
        """What is being done now, and how far it is; `total` 0 where nobody knows yet."""
        if self._bar and self._task is not None:
            self._bar.update(self._task, description=what, completed=done, total=total or None)
        elif not self._silent:
            now = time.monotonic()
            if what != self._said or now - self._said_at > _LINE_SECONDS:
                self._said, self._said_at = what, now
                with suppress(OSError):
                    errors.print(f"{what}: {done:,} of {total:,}" if total else what)

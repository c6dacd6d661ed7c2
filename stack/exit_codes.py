"""The exit codes of every command, for scripts. Each means the same wherever it comes."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """What became of a command."""

    DONE = 0
    NO = 1
    USAGE = 2
    FAILED = 3
    INTERRUPTED = 130
    NO_READER = 141


MEANINGS: Final[Mapping[ExitCode, str]] = {
    ExitCode.DONE: "done",
    ExitCode.NO: "done, and the answer is no: something differs, is behind, stays parked, was not rebuilt",
    ExitCode.USAGE: "the command line makes no sense; nothing was done",
    ExitCode.FAILED: "it could not be done; the one line on stderr says why, and what to do",
    ExitCode.INTERRUPTED: "Ctrl-C (128 + SIGINT)",
    ExitCode.NO_READER: "whoever read what it said has gone (128 + SIGPIPE)",
}

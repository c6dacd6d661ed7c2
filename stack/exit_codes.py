"""The exit codes of every command, for scripts. Each means the same wherever it comes."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What became of it."""

    DONE = 0
    NO = 1
    """It was done, and its answer is no: something differs, is behind, stays parked or was not rebuilt."""
    USAGE = 2
    """The command line makes no sense; nothing was done."""
    FAILED = 3
    """It could not be done; stderr says why, and what to do."""
    INTERRUPTED = 130
    """Ctrl-C, 128 + SIGINT."""
    NO_READER = 141
    """Whoever read what it said has gone, 128 + SIGPIPE."""

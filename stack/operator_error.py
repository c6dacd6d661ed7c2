"""What stops a command and is for the operator to mend: one line that says what is wrong and what to do."""

import errno
from pathlib import Path


class OperatorError(Exception):
    """Shown as one line on stderr, never as a traceback."""


def of_path(error: OSError, path: Path) -> OperatorError:
    """An error of the file system at the path, as a line that says what to do."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            problem = "the disk is full: free some space, then start again"
        case errno.EROFS:
            problem = "the file system is read-only: run it in a directory that can be written"
        case errno.EACCES | errno.EPERM:
            problem = "no permission to write there: change the owner, or run it in another directory"
        case errno.ENOTDIR | errno.EEXIST:
            problem = "a file stands where a directory is needed: move it away, then start again"
        case _:
            problem = f"{(error.strerror or str(error)).lower()}: run it in a directory that can be written"
    return OperatorError(f"{path} cannot be used, {problem}")

"""Run as a script: becomes the given command, tied to its parent, so that a killed parent leaves no child behind.

`python tether.py <parent's pid> <command> <argument>...`. On Linux only (prctl(2), PR_SET_PDEATHSIG); elsewhere the
command just runs. A script of its own, because code between fork and exec is not safe in a process with threads.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie, make sure that the parent did not die before the knot held, become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()

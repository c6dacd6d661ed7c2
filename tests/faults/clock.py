"""Runs a part of ours with a clock that can be told to go wrong: `python -m tests.faults.clock <file> stack worker`.

As long as the file holds a number of seconds, this process's clock is off by as much; the time that only ever goes
forward (CLOCK_MONOTONIC) is what it is. The other processes, and MongoDB's and Redis's, keep the right time.
"""

import runpy
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

LOOK_SECONDS = 0.1


def main() -> None:
    """Become the module that is named, with its arguments, beside a thread that looks at the file."""
    file, module, *arguments = sys.argv[1:]
    threading.Thread(target=_obey, args=(Path(file),), daemon=True).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _obey(file: Path) -> None:
    travel: time_machine.travel | None = None
    now = 0.0
    while True:
        try:
            wanted = float(file.read_text())
        except (OSError, ValueError):
            wanted = 0.0
        if wanted != now:
            if travel:
                travel.stop()
            travel = time_machine.travel(datetime.now(UTC) + timedelta(seconds=wanted), tick=True) if wanted else None
            if travel:
                travel.start()
            now = wanted
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()

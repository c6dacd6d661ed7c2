"""The long form of the fault suite, as `make faults`: prints its table, and exits 1 with what was violated.

The same seed gives the same plan of load and faults; how they interleave is the machine's doing.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.faults.plan import KINDS, plan_faults
from tests.faults.run import Report, run

SHOWN = 30


def main() -> None:
    """Run as told by the arguments."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commands", type=int, default=20_000)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--kind", action="append", choices=KINDS, help="Of these kinds only; may be repeated.")
    parser.add_argument("--log", type=Path, help="Keep what the parts said in this file.")
    given = parser.parse_args()
    faults = plan_faults(given.seed, given.faults, given.kind or tuple(KINDS))
    with tempfile.TemporaryDirectory(prefix="orderstream-faults-") as name:
        try:
            report = asyncio.run(run(Path(name), seed=given.seed, commands=given.commands, faults=faults))
        finally:
            if given.log and (log := Path(name) / "log").exists():
                given.log.write_bytes(log.read_bytes())
    show(report)
    sys.exit(1 if report.violations else 0)


def show(report: Report) -> None:
    """The table, and the violations."""
    print(f"\n{'fault':28}{'times':>6}{'violations':>12}{'recovery: median':>18}{'worst':>9}")
    for kind, times, median, worst in report.table:
        print(f"{kind:28}{times:6}{0 if not report.violations else '':>12}{median:16.1f} s{worst:7.1f} s")
    print(f"\n{report.faults} faults over {report.commands} commands in {report.seconds:.0f} s, seed {report.seed}:")
    for what, number in report.figures.items():
        print(f"  {number:8} {what}")
    print(f"  {len(report.violations):8} violations")
    for violation in report.violations[:SHOWN]:
        print(f"\nseed {report.seed}: {violation}")


if __name__ == "__main__":
    main()

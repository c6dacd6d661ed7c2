"""`make audit`: what is installed, compared with floors.toml, without a network; exit code 1 where it is below."""

import sys

from tests.supply_chain.audit import FLOORS, installed, read_floors, too_old


def main() -> None:
    floors = read_floors(FLOORS.read_text(encoding="utf-8"))
    versions = installed()
    problems = too_old(floors, versions)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"{len(floors.keys() & versions.keys())} of {len(versions)} packages have a floor, and none is below it.")


if __name__ == "__main__":
    main()

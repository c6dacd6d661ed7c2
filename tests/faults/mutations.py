"""Shows that the fault suite sees: in a copy of the tree each guard is taken out in turn, and the suite must turn red.

`make mutations`, or `python -m tests.faults.mutations [part of a guard's name]`: exits 1 where a mutant survives, or
where the tree itself is red.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "write_model", "read_model", "projector", "stack", "telemetry", "tests")
SEEDS = (1, 2, 3)
"""A mutant is killed by the first of these that turns red."""
_FEW = ("--commands", "700", "--faults", "10")


@dataclass(frozen=True)
class Mutant:
    """A guard, in a file, with what stands in its place; and the kinds of fault that only it withstands."""

    guard: str
    file: str
    before: str
    after: str
    kinds: Sequence[str]


MUTANTS = (
    Mutant(
        "the comparison of the checkpoint",
        "projector/scripts.py",
        "if generation ~= ARGV[1] or position ~= ARGV[2] or step ~= ARGV[3] then\n",
        "if false then\n",
        ("pause projector",),
    ),
    Mutant(
        "the version filter",
        "projector/projections/sequence.py",
        "    return envelope.version > seen\n",
        "    return True\n",
        ("repeat event", "kill projector"),
    ),
    Mutant(
        "the id check of XADD",
        "write_model/relay/publisher.py",
        "  if below(last, id) then\n    redis.call('XADD', KEYS[1], id, unpack(ARGV, i + 2, i + 1 + n))\n",
        "  if true then\n    redis.call('XADD', KEYS[1], '*', unpack(ARGV, i + 2, i + 1 + n))\n",
        ("kill relay", "pause relay"),
    ),
    Mutant(
        "the refusal of what a stream has already",
        "write_model/relay/publisher.py",
        "  elseif ARGV[i + 2] ~= 'watermark' and #redis.call('XRANGE', KEYS[1], id, id) == 0 then\n",
        "  elseif ARGV[i + 2] ~= 'watermark' then\n"
        "    last = redis.call('XADD', KEYS[1], string.match(last, '^%d+') .. '-*', unpack(ARGV, i + 2, i + 1 + n))\n"
        "  elseif false then\n",
        ("kill relay", "pause relay"),
    ),
    Mutant(
        "the publication of what no oplog has",
        "write_model/relay/replay.py",
        "            unpublished += [id for id in ids if id not in known and id not in in_streams]\n",
        "            unpublished += [] if known else ids\n",
        ("lose oplog",),
    ),
    Mutant(
        "the list of what was replaced",
        "projector/generations.py",
        "redis.call('ZADD', KEYS[4], redis.call('TIME')[1] + ARGV[2], shown[1])\n",
        "",
        ("rebuild",),
    ),
    Mutant(
        "the condition that an order is still to be confirmed",
        "write_model/expiry/expiry.py",
        '    due: dict[str, Any] = {"status": Status.PLACED.value, ',
        '    due: dict[str, Any] = {"status": {"$in": [Status.PLACED.value, Status.CONFIRMED.value]}, ',
        ("kill expiry",),
    ),
)


def main() -> None:
    """Every mutant; before each, the tree as it is must be green under the same faults."""
    survivors = 0
    for mutant in (mutant for mutant in MUTANTS if all(word in mutant.guard for word in sys.argv[1:])):
        healthy = _run(ROOT, mutant, SEEDS[0])
        if healthy.returncode:
            sys.exit(f"red without a mutation:\n{healthy.stdout}{healthy.stderr}")
        print(f"{mutant.guard}: green as it is", flush=True)
        with tempfile.TemporaryDirectory(prefix="orderstream-mutant-") as name:
            copy = Path(name)
            _mutate(copy, mutant)
            for seed in SEEDS:
                done = _run(copy, mutant, seed)
                if done.returncode == 1 and " violations\n" in done.stdout:
                    _, _, seen = done.stdout.partition(" violations\n\n")
                    print(
                        f"{mutant.guard}: red without it, as it should be (seed {seed}):\n{seen[:1200]}\n", flush=True
                    )
                    break
                print(f"{mutant.guard}: not seen with seed {seed} (exit code {done.returncode})", flush=True)
            else:
                survivors += 1
    sys.exit(1 if survivors else 0)


def _mutate(copy: Path, mutant: Mutant) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    file = copy / mutant.file
    text = file.read_text()
    if text.count(mutant.before) != 1:
        sys.exit(f"{mutant.file} does not have {mutant.guard} as it is known here: {mutant.before!r}")
    file.write_text(text.replace(mutant.before, mutant.after))


def _run(tree: Path, mutant: Mutant, seed: int) -> subprocess.CompletedProcess[str]:
    """The suite on that tree: the packages of the working directory come before those that are installed."""
    kinds = [argument for kind in mutant.kinds for argument in ("--kind", kind)]
    command = [sys.executable, "-m", "tests.faults", "--seed", str(seed), *_FEW, *kinds]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, timeout=600)


if __name__ == "__main__":
    main()

"""The tutorial: patches that are applied to a copy of the tree, and the page that shows them part by part.

`python -m tests.docs.tutorial` applies all of them and runs all that `make check` runs in the copy: minutes.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
TUTORIAL: Final = ROOT / "docs" / "tutorial"
STEPS: Final = sorted(TUTORIAL.glob("*.patch"))

_NOT_COPIED: Final = shutil.ignore_patterns(".git", ".venv", "node_modules", "__pycache__", ".orderstream", ".*_cache")
# A mark that names a patch and a file of it, and the code below it, if it is there already.
_PLACE: Final = re.compile(r"(<!-- (\S+\.patch) (\S+) -->\n)(?:```\w+\n.*?^```\n)?", re.DOTALL | re.MULTILINE)
_FILE: Final = re.compile(r"^diff --git a/(\S+) b/\S+\n", re.MULTILINE)


def parts(patch: Path) -> dict[str, str]:
    """What the patch does to each file, as a unified diff without its heading."""
    _, *found = _FILE.split(patch.read_text())
    return {name: text[text.index("@@") :] for name, text in zip(found[::2], found[1::2], strict=True)}


def shown(patch: str, file: str) -> str:
    """A part as Markdown: a new file as it is, a change as a diff. KeyError where the patch has no such file."""
    hunks = re.split(r"^@@ (-\S+) .*\n", parts(TUTORIAL / patch)[file], flags=re.MULTILINE)[1:]
    if hunks[0] == "-0,0":
        language = {".py": "python", ".json": "json"}[Path(file).suffix]
        return f"```{language}\n" + re.sub(r"^\+", "", hunks[1], flags=re.MULTILINE) + "```\n"
    return "```diff\n" + "...\n".join(hunks[1::2]) + "```\n"


def filled(markdown: str) -> str:
    """The text, with the part that each `<!-- patch file -->` names below it."""
    return _PLACE.sub(lambda place: place[1] + shown(place[2], place[3]), markdown)


def page() -> str:
    """The tutorial with its patches as they are."""
    return filled((TUTORIAL / "README.md").read_text())


def commands(step: int) -> list[str]:
    """The lines that the page says to run in the step."""
    section = re.split(r"^## (?=\d)", page(), flags=re.MULTILINE)[step]
    return "".join(re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)).splitlines()


class Copy:
    """A copy of the tree, in which the tutorial is followed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "orderstream"
        shutil.copytree(ROOT, self.directory, ignore=_NOT_COPIED)
        if (ROOT / ".mypy_cache").exists():  # types are then looked at where something has changed
            shutil.copytree(ROOT / ".mypy_cache", self.directory / ".mypy_cache")

    def apply(self, patch: Path) -> None:
        """AssertionError with what git says where the patch does not fit any more."""
        self._run("git", "apply", str(patch))

    def python(self, *arguments: str) -> None:
        """A program of the copy; AssertionError with all that it says where it fails."""
        self._run(sys.executable, *arguments)

    def follow(self, step: int) -> None:
        """Apply the step's patch, and run what the page says to run then; of `make check` all but the tests."""
        self.apply(STEPS[step - 1])
        for command in commands(step):
            program, *arguments = command.split()
            if command == "make docs":
                self.python("-m", "tests.docs")
            elif command == "make check":
                self.check()
            else:
                self.python("-m", program.removeprefix(".venv/bin/"), *arguments)

    def check(self) -> None:
        """Format, lint, arrows and types, as `make check` has them."""
        self.python("-m", "ruff", "format", "--check", ".")
        self.python("-m", "ruff", "check", ".")
        self.python("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
        self.python("-m", "mypy")

    def _run(self, *command: str) -> None:
        # Not what pytest tells its workers; and the packages are those of the copy, in every process.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(
            command,
            cwd=self.directory,
            # git apply must not take a repository around the copy for the copy's own.
            env={
                **environment,
                "PYTHONPATH": str(self.directory),
                "GIT_CEILING_DIRECTORIES": str(self.directory.parent),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}"


def main() -> None:
    """The whole tutorial, and then every test that there is."""
    with tempfile.TemporaryDirectory(prefix="orderstream-tutorial-") as directory:
        copy = Copy(Path(directory))
        for patch in STEPS:
            copy.apply(patch)
        copy.python("-m", "tests.docs")
        copy.check()
        copy.python(
            "-m", "pytest", "--ignore", "tests/docs/test_tutorial.py", "--numprocesses", "2", "--dist", "loadfile"
        )


if __name__ == "__main__":
    main()

"""Puts the pages for browsers into a wheel: builds them, where there is npm, or takes those that were built before."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Pages(BuildHookInterface[Any]):
    """What hatchling calls before it gathers the files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling asks for both
        """Build; CalledProcessError where that fails, so that no release is without its pages by accident."""
        npm, web = shutil.which("npm"), Path(self.root, "web")
        if version == "editable":
            return  # the Makefile does it, when the sources have changed
        if npm and (web / "package.json").exists():
            subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=web, check=True)
            subprocess.run([npm, "run", "build"], cwd=web, check=True)
        elif not Path(self.root, "api", "pages", "built").exists():
            self.app.display_warning("There is no npm: GraphiQL will come from a CDN.")

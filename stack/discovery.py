"""Lets a command find what `orderstream dev` has running in the same directory, where the environment names nothing."""

import os
from pathlib import Path

from stack.workspace import Workspace

WORKSPACE = Path(".orderstream")


def supply_environment() -> set[str]:
    """Set what the environment lacks and the workspace knows; the names of the variables that were set."""
    workspace = Workspace(WORKSPACE)
    known: dict[str, str | None] = {}
    if not os.environ.get("AUTH_JWKS_URL"):
        known["AUTH_SECRET"] = workspace.auth_secret()
    if running := workspace.running():
        known |= {"MONGODB_URL": running.mongodb_url, "REDIS_URL": running.redis_url}
    supplied = {name: value for name, value in known.items() if value and not os.environ.get(name)}
    os.environ.update(supplied)
    return set(supplied)

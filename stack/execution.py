"""Runs what a command asks for: the environment completed, every setting looked at, in an event loop."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What the work answers; OperatorError where a setting makes no sense."""
    from stack.configuration import settings_in_force
    from stack.discovery import supply_environment

    settings_in_force(supply_environment())
    return asyncio.run(work())

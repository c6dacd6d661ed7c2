"""Under which conditions something was measured: machine, versions, sizes, and what else the machine was doing."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psutil
from pymongo import MongoClient
from redis import Redis

from tests.bench.cases import NODE
from tests.bench.stage import Stage

_PACKAGES: Final = "strawberry-graphql graphql-core uvicorn uvloop httptools starlette motor redis hiredis".split()


def conditions(staged: Stage, *, rounds: int, seconds: float) -> dict[str, str]:
    """For people to read, a line each; before anything is measured."""
    cores, placement, shop = sorted(staged.cores), staged.placement, staged.shop
    pinned = (
        f"for reads the server on {_list(placement.server)}, all else on {_list(placement.rest)}" if placement else ""
    )
    kinds = {"orders": "ord", "customers": "cus", "products": "prd"}
    sizes = ", ".join(f"{len(shop.ids[kind]):,} {name}" for name, kind in kinds.items())
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "rounds": f"{rounds} of {seconds:g} s for each server, interleaved, after a warm-up",
        "data": f"{shop.events:,} events: {sizes}",
        "machine": f"{_processor()}, {len(cores)} cores, {psutil.virtual_memory().total >> 30} GB, {platform.system()}",
        "pinned": pinned or "nothing: there is one core, or no way to",
        "load of the machine before": f"{os.getloadavg()[0]:.2f} (average of a minute)",
        "servers": _servers(staged.environment),
        "Python": f"{platform.python_version()}; " + ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        "Node": _node(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _servers(environment: Mapping[str, str]) -> str:
    with MongoClient[dict[str, object]](environment["MONGODB_URL"]) as mongodb:
        mongod = mongodb.server_info()["version"]
    with Redis.from_url(environment["REDIS_URL"], decode_responses=True) as redis:
        told = redis.info("server")
    name = "valkey" if "valkey_version" in told else "redis"
    return f"mongod {mongod}, {name} {told[f'{name}_version']}"


def _node() -> str:
    try:
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except OSError:
        return "none"
    packages = json.loads((NODE / "package.json").read_text())["dependencies"]
    return f"{node}; " + ", ".join(f"{name} {number}" for name, number in packages.items())


def _list(cores: frozenset[int]) -> str:
    return "core " + ", ".join(map(str, sorted(cores)))

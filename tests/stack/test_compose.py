"""Dockerfile and docker-compose.yml against the program: nothing in them that it does not know."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from starlette.routing import Route

from api.app import create_app
from api.leaving import Leaving
from api.settings import ApiSettings
from api.view import GraphQLView
from stack.__main__ import app
from stack.configuration import PACKAGES, PARTS
from stack.dev import TIDYING_SECONDS
from write_model.settings import WriteSettings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "orderstream"}
HALVES = ("commands", "queries")
VARIABLES = {name.upper() for kinds in PACKAGES.values() for kind in kinds for name in kind.model_fields}


def commands() -> set[str]:
    group = typer.main.get_command(app)
    return set(group.commands)  # type: ignore[attr-defined]


def routes() -> set[str]:
    # The routes do not depend on what is behind them.
    settings = ApiSettings.model_validate({"auth_secret": "x" * 32})
    services: Any = type("Services", (), {"settings": settings, "leaving": Leaving()})()
    return {route.path for route in create_app(services, GraphQLView(services)).routes if isinstance(route, Route)}


def needed(service: str) -> set[str]:
    """Variables without which the part does not start."""
    kinds = set(PARTS["api" if service in HALVES else service]) - ({WriteSettings} if service == "queries" else set())
    return {name.upper() for kind in kinds for name, field in kind.model_fields.items() if field.is_required()}


def test_every_part_of_the_program_is_a_service() -> None:
    assert set(OURS) == {*PARTS, *HALVES}
    assert OURS["api"]["deploy"]["replicas"] == 2


def test_the_halves_start_only_when_asked_for_and_queries_without_mongodb() -> None:
    assert {name for name, service in OURS.items() if "profiles" in service} == set(HALVES)
    assert "MONGODB_URL" in OURS["commands"]["environment"]
    assert "MONGODB_URL" not in OURS["queries"]["environment"]
    assert set(OURS["queries"]["depends_on"]) == {"redis"}


@pytest.mark.parametrize("name", OURS)
def test_its_command_exists_and_its_variables_are_settings(name: str) -> None:
    service = OURS[name]
    assert service["command"] == (["api", "--serve", name] if name in HALVES else [name])
    assert service["command"][0] in commands()
    assert set(service["environment"]) <= VARIABLES
    assert needed(name) <= set(service["environment"])


def test_a_replica_has_a_port_of_its_own() -> None:
    taken: list[int] = []
    for service in (OURS["api"], *(OURS[half] for half in HALVES)):
        (published,) = service["ports"]
        first, last, inside = re.fullmatch(r"(\d+)(?:-(\d+))?:(\d+)", published).groups()  # type: ignore[union-attr]
        ports = range(int(first), int(last or first) + 1)
        assert len(ports) == service["deploy"]["replicas"]
        assert inside == service["environment"]["PORT"]
        assert service["environment"]["HOST"] == "0.0.0.0"
        taken += ports
    assert len(taken) == len(set(taken))


def test_every_health_check_asks_for_a_path_that_is_served() -> None:
    urls = re.findall(r"https?://[^\s\"')]+", json.dumps([s.get("healthcheck") for s in OURS.values()]) + DOCKERFILE)
    assert urls
    for url in urls:
        port, path = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/\w+)\\?", url).groups()  # type: ignore[union-attr]
        assert port == OURS["api"]["environment"]["PORT"]
        assert path in routes()


def test_a_part_is_not_killed_before_its_own_grace_is_over() -> None:
    notice, grace = (
        kind.model_fields[name].default
        for kind, name in ((ApiSettings, "shutdown_notice_seconds"), (WriteSettings, "shutdown_seconds"))
    )
    for service in OURS.values():
        assert int(service["stop_grace_period"].removesuffix("s")) >= notice + grace + TIDYING_SECONDS


def test_the_stores_are_durable_and_checked() -> None:
    mongo, redis = SERVICES["mongo"], SERVICES["redis"]
    assert mongo["image"] == "mongo:8"
    assert redis["image"] == "redis:8"
    replica_set = mongo["command"][mongo["command"].index("--replSet") + 1]
    assert f"replicaSet={replica_set}" in OURS["api"]["environment"]["MONGODB_URL"]
    assert f'_id: "{replica_set}"' in mongo["healthcheck"]["test"][-1]
    assert redis["command"][redis["command"].index("--appendonly") + 1] == "yes"
    assert redis["command"][redis["command"].index("--maxmemory-policy") + 1] == "noeviction"
    for service in (mongo, redis):
        assert service["healthcheck"]
        (volume,) = service["volumes"]
        assert volume.split(":")[0] in COMPOSE["volumes"]


def test_there_is_no_secret_in_the_file() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("SECRET|PASSWORD|TOKEN|KEY", name):
                assert value.startswith("${" + name + ":?"), f"{name} must come from the environment"
            assert not re.search(r"//[^/]*@", str(value)), f"{name} holds credentials"


def test_the_image_is_lean_and_not_root() -> None:
    instructions = re.findall(r"^([A-Z]+) (.*)$", DOCKERFILE, re.MULTILINE)
    assert [kind for kind, _ in instructions].count("FROM") == 3, "two stages that build, a stage that runs"
    final = instructions[max(number for number, (kind, _) in enumerate(instructions) if kind == "FROM") :]
    users = [text for kind, text in final if kind == "USER"]
    assert users
    assert users[-1] not in ("root", "0")
    assert ("ENTRYPOINT", '["orderstream"]') in final
    (default,) = [json.loads(text) for kind, text in final if kind == "CMD"]
    assert default[0] in commands()
    assert "--constraint constraints.txt" in DOCKERFILE
    assert "[embedded" not in DOCKERFILE
    assert "[dev" not in DOCKERFILE
    variables = {name for kind, text in final if kind == "ENV" for name in re.findall(r"(\w+)=", text)}
    assert variables - {"PATH", "PYTHONUNBUFFERED"} <= VARIABLES


def test_every_package_is_copied_into_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    for package in wheel["packages"]:
        assert f"COPY {package} {package}" in DOCKERFILE
        assert f"!{package}" in ignored

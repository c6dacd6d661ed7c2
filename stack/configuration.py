"""What is in force for every package: its settings classes, read from the environment, secrets masked."""

import os
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings
from pymongo.errors import PyMongoError
from pymongo.synchronous.uri_parser import parse_uri as parse_mongodb_url
from redis.connection import parse_url as parse_redis_url

from api.settings import ApiSettings
from projector.settings import ProjectorSettings
from read_model.settings import ReadSettings
from stack.operator_error import OperatorError
from telemetry.settings import TelemetrySettings
from write_model.settings import RelaySettings, WorkerSettings, WriteSettings

PACKAGES: dict[str, tuple[type[BaseSettings], ...]] = {
    "api": (ApiSettings,),
    "write_model": (WriteSettings, RelaySettings, WorkerSettings),
    "read_model": (ReadSettings,),
    "projector": (ProjectorSettings,),
    "telemetry": (TelemetrySettings,),
}


PARTS: dict[str, tuple[type[BaseSettings], ...]] = {
    "api": (ApiSettings, WriteSettings, ReadSettings, TelemetrySettings),
    "relay": (RelaySettings, TelemetrySettings),
    "expiry": (WorkerSettings, TelemetrySettings),
    "worker": (WorkerSettings, TelemetrySettings),
    "projector": (ProjectorSettings, TelemetrySettings),
}


@dataclass(frozen=True)
class Setting:
    """A variable as one package reads it. `value` is None where it is needed and not set."""

    package: str
    variable: str
    value: str | None
    source: str
    meaning: str


def settings_in_force(supplied: Set[str] = frozenset()) -> list[Setting]:
    """Every setting of every package; OperatorError where one does not hold what it should."""
    _check_urls()
    rows: dict[tuple[str, str], Setting] = {}
    for package, classes in PACKAGES.items():
        for kind in classes:
            _check(kind)
            for setting in _of(package, kind, supplied):
                rows.setdefault((package, setting.variable), setting)
    return list(rows.values())


def require(part: str) -> None:
    """OperatorError unless the part's process will find all that it needs."""
    _check_urls()
    errors: list[ValidationError] = []
    for kind in PARTS[part]:
        if part == "api" and kind is WriteSettings and os.environ.get("SERVE") == "queries":
            continue  # that half opens no MongoDB
        try:
            kind()
        except ValidationError as error:
            errors.append(error)
    if errors:
        raise OperatorError(explain(*errors))


def _check_urls() -> None:
    """OperatorError where the drivers could not read an URL; neither is told what stands in it."""
    readers: dict[str, Callable[[str], object]] = {"MONGODB_URL": _read_mongodb_url, "REDIS_URL": parse_redis_url}
    for variable, read in readers.items():
        url = os.environ.get(variable)
        try:
            if url:
                read(url)
        except (ValueError, PyMongoError) as error:
            kind = "MongoDB" if variable == "MONGODB_URL" else "Redis"
            raise OperatorError(f"{variable} is not a {kind} URL that can be used: {error}") from None


def _read_mongodb_url(url: str) -> None:
    if not url.startswith("mongodb+srv://"):  # that kind is looked up in the DNS
        parse_mongodb_url(url, validate=False)


def explain(*errors: ValidationError) -> str:
    """One line on settings that are missing or wrong: what to set."""
    problems = [(str(problem["loc"][0]).upper(), problem) for error in errors for problem in error.errors()]
    lacking = list(dict.fromkeys(variable for variable, problem in problems if problem["type"] == "missing"))
    lines = [
        f"{variable}: {problem['msg'][:1].lower()}{problem['msg'][1:]}"
        for variable, problem in problems
        if problem["type"] != "missing"
    ]
    if lacking:
        is_not, it = ("is not", "it") if len(lacking) == 1 else ("are not", "them")
        lines.append(f"{' and '.join(lacking)} {is_not} set: set {it}, or run `orderstream dev` in this directory")
    return "; ".join(dict.fromkeys(lines))


def _check(kind: type[BaseSettings]) -> None:
    try:
        kind()
    except ValidationError as error:
        if any(problem["type"] != "missing" for problem in error.errors()):
            raise OperatorError(explain(error)) from error


def _of(package: str, kind: type[BaseSettings], supplied: Set[str]) -> Iterator[Setting]:
    for name, field in kind.model_fields.items():
        variable = name.upper()
        given = os.environ.get(variable)
        if given is not None:
            source = "orderstream dev" if variable in supplied else "environment"
            value: str | None = _mask(given, field)
        else:
            source = "default" if field.default is not PydanticUndefined else "missing"
            value = _show(field.default) if source == "default" else None
        yield Setting(package, variable, value, source, field.description or "")


def _show(value: object) -> str:
    if value is None:
        return ""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _mask(value: str, field: FieldInfo) -> str:
    """Of a secret nothing; of a secret URL where it leads, because that is what one wants to know."""
    if field.annotation not in (SecretStr, SecretStr | None):
        return value
    url = urlsplit(value)
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}/..." if url.scheme and url.netloc else "********"

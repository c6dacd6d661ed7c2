"""The page of settings, made from the settings classes of all processes."""

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from stack.configuration import PARTS

TEXT = """\
# Settings

All configuration is in environment variables. `orderstream settings` shows what is in force.

| variable | default | read by | meaning |
|---|---|---|---|
"""


def page() -> str:
    """Markdown: a row for each variable, with its default and the processes that read it."""
    fields: dict[str, FieldInfo] = {}
    readers: dict[str, list[str]] = {}
    for part, classes in PARTS.items():
        for kind in classes:
            for name, field in kind.model_fields.items():
                fields.setdefault(name, field)
                readers.setdefault(name, []).append(part)
    rows = (
        f"| `{name.upper()}` | {_default(fields[name])} | {', '.join(readers[name])} | {_meaning(fields[name])} |\n"
        for name in sorted(fields)
    )
    return TEXT + "".join(rows)


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "*needed*"
    value = ",".join(field.default) if isinstance(field.default, tuple) else field.default
    return "" if value in (None, "") else f"`{value}`"


def _meaning(field: FieldInfo) -> str:
    secret = " (secret)" if field.annotation in (SecretStr, SecretStr | None) else ""
    return (field.description or "") + secret

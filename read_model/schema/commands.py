"""A queued command's row: `summary` holds what it is, `refusals` why it was rejected."""

from collections.abc import Mapping
from typing import NamedTuple, Self

from read_model.schema import fragments


class RefusalRow(NamedTuple):
    """A reason: code and path of the GraphQL contract."""

    code: str
    message: str
    field: tuple[str, ...] | None


class CommandRow(NamedTuple):
    """A queued command. `sender` is the actor's name, `result_id` and `result_version` what it created or changed."""

    id: str
    version: int
    name: str
    status: str
    sender: str
    queued_at: str
    settled_at: str | None = None
    result_id: str | None = None
    result_version: int | None = None
    refusals: tuple[RefusalRow, ...] = ()

    def encode(self) -> dict[str, bytes]:
        """The hash fields of the row."""
        return {
            "summary": fragments.join(self[:-1]),
            "refusals": fragments.join(leaf for refusal in self.refusals for leaf in refusal),
        }

    @classmethod
    def decode(cls, fields: Mapping[str, str]) -> Self:
        """The row in its hash fields."""
        refusals = (
            RefusalRow(code, message, None if path is None else tuple(path))
            for code, message, path in fragments.split_rows(fields["refusals"], len(RefusalRow._fields))
        )
        leaves = [*fragments.split(fields["summary"]), tuple(refusals)]
        return cls(*leaves)

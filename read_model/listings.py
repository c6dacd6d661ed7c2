"""Lists of rows that are sorted sets: one for all, or one in each partition, merged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter

from read_model.connection import Reader
from read_model.multiplexed import Command
from read_model.pages import EVERYTHING, Ordering, Page, PageRequest
from read_model.rows import Parts, Row, Rows
from read_model.schema.keys import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Ordering):
    """A list that is a sorted set in each of its partitions, every score 0, merged; or what several have in common.

    `id_of`: the id in a member; None where the members are ids, and `sets` gives one set.
    """

    rows: Rows
    sets: Callable[[Keys], Sequence[str]]
    partitions: Sequence[int]
    id_of: Callable[[str], str] | None = None

    async def read(self, reader: Reader, request: PageRequest, parts: Parts | None = None) -> Page[Row]:
        """The page with its rows, all parts or these: one round trip for the members, one for the rows.

        An end of a whole list that is one set in one partition takes one for both.
        """
        cut = self.cut(request)
        counted = [part for part in (self.within, *cut.outside) if part is not None]
        at_once = self.id_of is None and len(self.partitions) == 1 and cut.inside == EVERYTHING

        def commands(keys: Keys) -> list[Command]:
            sets = self.sets(keys)
            if at_once:
                take = self.rows.listed(keys, sets[0], cut.limit, descending=cut.downward, parts=parts)
            else:
                take = cut.inside.take(sets, cut.limit, descending=cut.downward)
            return [take, *(part.count(sets) for part in counted)]

        replies = (await reader.read(dict.fromkeys(self.partitions, commands))).values()
        total, *outside = (sum(counts) for counts in zip(*(counts for _, *counts in replies), strict=True))
        is_any_outside = cut.is_any_outside(outside)
        if at_once:
            [[values, *_]] = replies
            every = self.rows.of_list(values, parts)  # all of them: a row and its places change in one step
            return self.page_of(request, every, attrgetter("id"), total=total, is_any_outside=is_any_outside)
        found = sorted(chain.from_iterable(members for members, *_ in replies), reverse=cut.downward)
        rows = await self._rows_of(reader, found[: request.size], parts)
        return self.page(request, found, rows, total=total, is_any_outside=is_any_outside)

    async def _rows_of(self, reader: Reader, members: Sequence[str], parts: Parts | None) -> dict[str, Row]:
        """The rows that are there, by member."""
        ids = {member: self.id_of(member) if self.id_of else member for member in members}
        rows = await self.rows.find_all(reader, ids.values(), parts)
        return {member: rows[id] for member, id in ids.items() if id in rows}

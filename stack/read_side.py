"""The read side as an operator's command opens it, in whatever state it is; with a word where it does not answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from read_model.connection import Reader
from read_model.errors import ReadFault, WrongPartitions
from read_model.requests import Requests, open_parking
from read_model.settings import ReadSettings
from stack.operator_error import OperatorError
from write_model.contracts.streams import PARTITIONS_KEY


@asynccontextmanager
async def open_read_side() -> AsyncIterator[tuple[Reader, Requests]]:
    """Who reads, and who asks the projector; OperatorError where Redis is not there, or not what it should be."""
    settings = ReadSettings()
    try:
        async with open_parking(settings) as (reader, requests):
            there_are = (await reader.fetch({0: [("GET", PARTITIONS_KEY)]}))[0][0]
            if there_are and int(there_are) != settings.partitions:
                raise WrongPartitions(ours=settings.partitions, there_are=there_are)
            yield reader, requests
    except WrongPartitions as error:
        raise OperatorError(str(error)) from error
    except ReadFault as error:
        why = f" ({error.__cause__})" if str(error.__cause__ or "") else ""
        raise OperatorError(f"{error}{why} Check REDIS_URL, and that Redis runs there") from error

"""What shaped the data cannot change under them."""

import pytest

from write_model.mongo.database import Database
from write_model.mongo.terms import TermsDiffer
from write_model.settings import RelaySettings
from write_model.startup import WriteModel, open_write_model


@pytest.mark.parametrize(("name", "value"), [("partitions", 5), ("currency", "USD")])
async def test_another_number_or_currency_is_refused(
    write_model: WriteModel, settings: RelaySettings, name: str, value: object
) -> None:
    with pytest.raises(TermsDiffer, match=f"{name.upper()} is {value}, but this database was made with"):
        async with open_write_model(settings.model_copy(update={name: value})):
            pass
    async with open_write_model(settings) as again:
        await again.check()


async def test_the_terms_are_written_down_once(write_model: WriteModel, stored: Database) -> None:
    await write_model.check()
    assert await stored["terms"].find_one({}) == {"_id": "shop", "partitions": 4, "currency": "EUR"}

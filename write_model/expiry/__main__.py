"""The expiry process: `python -m write_model.expiry`."""

from write_model.expiry.expiry import run
from write_model.mongo.database import database_of, open_client
from write_model.settings import WriteSettings
from write_model.startup import open_write_model, run_until_stopped, system_clock


async def serve(settings: WriteSettings) -> None:
    """Expire orders until cancelled."""
    client = open_client(settings)
    try:
        async with open_write_model(settings) as write_model:
            await run(write_model, database_of(client, settings), system_clock)
    finally:
        client.close()


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    run_until_stopped(serve(WriteSettings()))


if __name__ == "__main__":
    main()

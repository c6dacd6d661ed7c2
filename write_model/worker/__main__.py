"""The worker process: `python -m write_model.worker`."""

from write_model.mongo.database import database_of, open_client
from write_model.settings import WriteSettings
from write_model.startup import new_holder, open_write_model, run_until_stopped
from write_model.worker.worker import Worker


async def serve(settings: WriteSettings) -> None:
    """Work until cancelled."""
    client = open_client(settings)
    try:
        async with open_write_model(settings) as write_model:
            database = database_of(client, settings)
            await Worker(write_model, database, holder=new_holder(), batch=settings.commit_batch).run()
    finally:
        client.close()


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    run_until_stopped(serve(WriteSettings()))


if __name__ == "__main__":
    main()

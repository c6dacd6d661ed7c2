"""Transactions that a killed process left open: ended, so that what they locked can change again.

MongoDB keeps a transaction whose client is gone for a minute (transactionLifetimeLimitSeconds), and everyone who
meets it gets a write conflict. A live process never lets one lie for a second between two of its statements; one
that was only paused finds that its transaction is gone, and decides again.
"""

from typing import Any, Final

from pymongo.errors import OperationFailure

from write_model.mongo.database import APPLICATION, Client

IDLE_SECONDS: Final = 1.0


async def end_orphans(client: Client) -> int:
    """End this application's transactions that lie idle; answers how many. Needs no privilege for one's own user's."""
    idle: list[dict[str, Any]] = [
        {"$currentOp": {"allUsers": False, "idleSessions": True}},
        {
            "$match": {
                "type": "idleSession",
                "appName": APPLICATION,
                "transaction.timeInactiveMicros": {"$gt": int(IDLE_SECONDS * 1_000_000)},
            }
        },
        {"$project": {"lsid.id": 1}},
    ]
    try:
        sessions = [{"id": found["lsid"]["id"]} async for found in client.admin.aggregate(idle)]
        if sessions:
            await client.admin.command("killSessions", sessions)
    except OperationFailure:  # not allowed here, or not known
        return 0  # then it takes the minute
    return len(sessions)

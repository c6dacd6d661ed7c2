"""What `orderstream verify` says becomes violations, also where it could not be done."""

import json

from tests.faults.verification import judged, verify_servers

FOUND = {"documents": 70, "keys": 300, "seconds": 0.1}


def test_a_clean_system_has_no_violations() -> None:
    clean = judged(0, json.dumps({"differences": [], "count": 0, **FOUND}).encode(), "")
    assert (clean.documents, clean.keys, clean.differences) == (70, 300, [])


def test_every_difference_is_a_violation_and_the_rest_is_counted() -> None:
    differences = [{"where": "ord_1", "what": "total is stored as 1"}]
    found = judged(1, json.dumps({"differences": differences, "count": 3, **FOUND}).encode(), "")
    assert found.differences == ["verify: ord_1: total is stored as 1", "verify: and 2 more"]


async def test_a_verification_that_fails_is_a_violation() -> None:
    (told,) = (await verify_servers({"MONGODB_URL": "no URL", "REDIS_URL": "redis://127.0.0.1:1/0"})).differences
    assert told.startswith("verify ended with 3: ")
    assert "MONGODB_URL" in told

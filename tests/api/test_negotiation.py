"""GraphQL over HTTP: a client gets the media type that it accepts, and the status says what happened."""

import pytest

from api.negotiation import GRAPHQL, JSON, accepts_coding, media_type_wanted, wants_events
from tests.system import Client

MODERN = "application/graphql-response+json, application/json;q=0.9"
LONG = f"{GRAPHQL}, " + ", ".join(f"text/x{n}" for n in range(200))
COUNT = "{ categories { name } }"
FORBIDDEN = 'mutation { confirmOrder(input: {orderId: "x"}) { userErrors { code } } }'


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*;q=0.1", JSON),
        ("application/json", JSON),
        ("Application/JSON; charset=utf-8", JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8", GRAPHQL),
        (MODERN, GRAPHQL),
        # urql
        (f"{GRAPHQL}, application/graphql+json, application/json, text/event-stream, multipart/mixed", GRAPHQL),
        (LONG, GRAPHQL),
        (f"{GRAPHQL}, */*", GRAPHQL),
        (f"{GRAPHQL};q=0.5, application/json", JSON),
        (f"{GRAPHQL};q=0.5, */*", JSON),
        ("application/json;q=0, */*", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
        ("text/event-stream", None),
        ("text/html", None),
        ("image/*", None),
        ("application/json;q=0", None),
        ("*/*;q=0", None),
        ("application/json;q=much", None),
    ],
)
def test_the_media_type_is_the_one_that_is_wanted_most(accept: str, wanted: str | None) -> None:
    assert media_type_wanted(accept) == wanted
    assert wants_events(accept) == (accept == "text/event-stream")


@pytest.mark.parametrize(
    ("header", "accepts"),
    [
        ("gzip, deflate, br", True),
        ("GZIP;q=0.5", True),
        ("*", True),
        ("", False),
        ("br", False),
        ("gzip;q=0, *", False),
        ("x" * 501 + ", gzip", False),
    ],
)
def test_who_accepts_gzip(header: str, accepts: bool) -> None:
    assert accepts_coding(header, "gzip") == accepts


@pytest.mark.parametrize("accept", ["*/*", "application/json", MODERN])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"query": COUNT}, 200),
        ({"query": "{"}, 400),
        ({"query": "{ nothing }"}, 422),
        ({"query": "query($n: Int!) { products(first: $n) { totalCount } }"}, 422),
        ({"query": "query A { me { id } } query B { me { id } }"}, 422),
        ({"query": "query A { me { id } }", "operationName": "B"}, 422),
        ({"qeury": COUNT}, 422),
        ({"query": COUNT, "variables": [7]}, 422),
    ],
)
async def test_the_status_says_what_happened(staff: Client, accept: str, body: dict[str, object], status: int) -> None:
    answer = await staff.http.post("/graphql", json=body, headers={"accept": accept})
    assert answer.status_code == status
    good = GRAPHQL if accept == MODERN else JSON
    assert answer.headers["content-type"] == f"{good if status == 200 else GRAPHQL}; charset=utf-8"
    assert ("data" in answer.json()) == (status == 200)


async def test_who_may_not_is_told_by_the_status_where_nothing_ran(nobody: Client) -> None:
    refused = await nobody.http.post("/graphql", json={"query": FORBIDDEN})
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert "data" not in refused.json()


async def test_what_is_not_served_is_not_acceptable(staff: Client) -> None:
    for accept in ("text/html", "multipart/mixed", "application/json;q=0"):
        refused = await staff.http.post("/graphql", json={"query": COUNT}, headers={"accept": accept})
        assert refused.status_code == 406
        assert GRAPHQL in refused.json()["errors"][0]["message"]
    subscription = {"query": 'subscription { productChanged(productId: "x") { id } }'}
    refused = await staff.http.post("/graphql", json=subscription, headers={"accept": MODERN})
    assert refused.status_code == 406
    assert "text/event-stream" in refused.json()["errors"][0]["message"]


async def test_parameters_that_are_empty_are_as_good_as_none(staff: Client) -> None:
    parameters = {"query": COUNT, "operationName": "", "variables": "", "extensions": ""}
    assert (await staff.http.get("/graphql", params=parameters)).status_code == 200


async def test_a_method_that_is_not_served_says_which_are(staff: Client) -> None:
    refused = await staff.http.put("/graphql", json={"query": COUNT})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")

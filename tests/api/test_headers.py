"""What every answer over HTTP forbids browsers, and what the page may do."""

import gzip
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from api.headers import SECURITY
from api.pages.cdn import page_from_cdn
from api.pages.policy import policy_of
from tests.api.processes import another_api
from tests.system import Client, System

LIST = "{ products(first: 100) { nodes { id sku name } } }"


def security_of(response: httpx.Response) -> dict[str, str | None]:
    return {name: response.headers.get(name) for name in SECURITY}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/nowhere"), ("GET", "/graphql"), ("PUT", "/graphql")],
)
async def test_every_answer_has_them(nobody: Client, method: str, path: str) -> None:
    assert security_of(await nobody.http.request(method, path)) == SECURITY


async def test_an_operation_has_them_whoever_answers(staff: Client) -> None:
    for query in (LIST, "{ nothing }"):
        for _ in range(3):  # by the executor, then by its plan
            assert security_of(await staff.http.post("/graphql", json={"query": query})) == SECURITY


async def test_a_stream_is_not_stored_either(staff: Client) -> None:
    headers = {"accept": "text/event-stream", "accept-encoding": "gzip"}
    answer = await staff.http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert security_of(answer) == {**SECURITY, "cache-control": "no-cache, no-transform"}
    assert "content-encoding" not in answer.headers


async def test_the_page_has_a_policy_of_its_own(nobody: Client) -> None:
    response = await nobody.http.get("/graphql", headers={"accept": "text/html"})
    policy = response.headers["content-security-policy"]
    assert security_of(response) == {**SECURITY, "content-security-policy": policy}
    assert {"default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'"} < set(policy.split("; "))


def test_a_page_from_a_cdn_may_run_its_own_scripts_and_nothing_else() -> None:
    page = page_from_cdn({}, {})
    policy = dict(part.split(" ", 1) for part in policy_of(page).split("; "))
    assert policy["frame-ancestors"] == policy["default-src"] == policy["base-uri"] == "'none'"
    assert policy["connect-src"] == "'self'"
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == len(policy["script-src"].split()) == 6
    for attributes, text in scripts:
        if address := re.search(r'src="([^"]+)"', attributes):
            assert address[1] in policy["script-src"].split()
            assert "integrity=" in attributes
        else:
            assert f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy["script-src"].split()
    assert "unsafe" not in policy["script-src"]


async def test_large_answers_are_compressed_whoever_gives_them(system: System, staff: Client, tmp_path: Path) -> None:
    for _ in range(3):
        await staff.add_product()
    async with another_api(system, tmp_path / "log", COMPRESS_BYTES="200") as (other, _), other.staff as client:
        for accepted, encoding in (("gzip", "gzip"), ("identity", None)):
            headers = {"accept-encoding": accepted}
            for _ in range(3):  # by the executor, then by its plan
                async with client.http.stream("POST", "/graphql", json={"query": LIST}, headers=headers) as response:
                    body = b"".join([chunk async for chunk in response.aiter_raw()])
                assert response.headers.get("content-encoding") == encoding
                text = gzip.decompress(body) if encoding else body
                assert text.startswith(b'{"data":{"products":{"nodes":[{"id":')
                assert int(response.headers["content-length"]) == len(body)
        small = await client.http.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"accept-encoding": "gzip"}
        )
        assert "content-encoding" not in small.headers

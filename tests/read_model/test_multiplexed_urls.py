"""The one connection, made by every kind of URL that redis-py understands."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from read_model.errors import NoReply
from read_model.multiplexed import open_connection
from stack import embedded
from tests.read_model.conftest import patient
from tests.read_model.gate import tls_gate, unix_gate
from tests.read_model.loops import Loop, on_every_loop, run

READER = "reader:p%40ss%2Fw%C3%B6rd"


@pytest.fixture(scope="module")
async def port(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[int]:
    """A Redis that wants a password of its default user, and has another user beside it."""
    async with embedded.redis(tmp_path_factory.mktemp("redis")) as url, Redis.from_url(url) as redis:
        await redis.acl_setuser("reader", enabled=True, passwords=["+p@ss/wörd"], keys=["*"], categories=["+@all"])
        await redis.config_set("requirepass", "secret")
        yield urlsplit(url).port or 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of localhost, which nobody has signed, with its key in the same file."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("there is no openssl on the PATH to make a certificate with")
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    of_what = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    command = (openssl, "req", "-x509", *key, *of_what, "-keyout", file, "-out", file.with_suffix(".crt"))
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    file.write_text(file.read_text() + file.with_suffix(".crt").read_text())
    return file


async def speaks(url: str, **known: str) -> None:
    """A connection by the URL answers, also large texts, also when it was lost; and Redis knows this of it."""
    async with open_connection(patient(url)) as connection:
        texts = ["a" * n for n in range(0, 200_000, 10_000)]
        answers = await asyncio.gather(*(connection.ask([("ECHO", text)]) for text in texts))
        assert answers == [[text] for text in texts]
        [info] = await connection.ask([("CLIENT", "INFO")])
        async with open_connection(patient(url)) as other:
            await other.ask([("CLIENT", "KILL", "ID", *await connection.ask([("CLIENT", "ID")]))])
        assert await connection.ask([("ECHO", "again")]) == ["again"]
    said = dict(part.partition("=")[::2] for part in info.split())
    assert {name: said[name] for name in known} == known


async def is_refused(url: str) -> None:
    async with open_connection(patient(url)) as connection:
        with pytest.raises(NoReply):
            await connection.ask([("ECHO", "a")])


@on_every_loop
@pytest.mark.parametrize(
    ("form", "known"),
    [
        ("redis://:secret@localhost:{port}/3", {"db": "3", "user": "default", "resp": "3"}),
        ("redis://:secret@localhost:{port}/3?protocol=2", {"db": "3", "user": "default", "resp": "2"}),
        (f"redis://{READER}@127.0.0.1:{{port}}?db=2&protocol=3", {"db": "2", "user": "reader", "resp": "3"}),
        (f"redis://{READER}@127.0.0.1:{{port}}/0?protocol=2", {"db": "0", "user": "reader", "resp": "2"}),
        ("redis://localhost:{port}?password=secret&client_name=orders&max_connections=1&timeout=1", {"name": "orders"}),
    ],
)  # fmt: skip
def test_by_tcp(port: int, loop: Loop, form: str, known: dict[str, str]) -> None:
    run(loop, speaks(form.format(port=port), **known))


@on_every_loop
def test_by_a_unix_socket(port: int, loop: Loop, tmp_path: Path) -> None:
    async def work() -> None:
        async with unix_gate(port, path):
            await speaks(f"unix://{path}?db=4&password=secret", db="4", user="default")
            await speaks(f"unix://{READER}@{path}?protocol=2", db="0", user="reader", resp="2")
        await is_refused(f"unix://{path}?password=secret")

    path = tmp_path / "redis.sock"
    run(loop, work())


@on_every_loop
def test_by_tls(port: int, loop: Loop, certificate: Path) -> None:
    async def work() -> None:
        async with tls_gate(port, context) as gate:
            await speaks(f"rediss://:secret@localhost:{gate}/5?ssl_ca_certs={certificate}", db="5", resp="3")
            await speaks(f"rediss://{READER}@127.0.0.1:{gate}?ssl_cert_reqs=none&protocol=2", user="reader", resp="2")
            # Nobody that we trust has signed it; it is somebody else's.
            await is_refused(f"rediss://:secret@localhost:{gate}")
            await is_refused(f"rediss://:secret@127.0.0.1:{gate}?ssl_ca_certs={certificate}")

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    run(loop, work())


@pytest.mark.parametrize(
    "form",
    ["redis://localhost:{port}", "redis://:wrong@localhost:{port}", "redis://x:secret@localhost:{port}",
     "redis://:secret@localhost:{port}/99"],
)  # fmt: skip
async def test_who_may_not_come_in_has_no_reply(port: int, form: str) -> None:
    await is_refused(form.format(port=port))

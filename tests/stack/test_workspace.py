"""The workspace: one `dev` at a time, nothing left behind, and found by the commands beside it."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stack.operator_error import OperatorError
from stack.workspace import Running, Workspace

URL = "http://127.0.0.1:8000"
RUNNING = Running(os.getpid(), "mongodb://127.0.0.1:1/?replicaSet=orderstream", "redis://127.0.0.1:2/0", URL)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / ".orderstream")


def test_a_second_one_is_told_where_the_first_runs(workspace: Workspace) -> None:
    with (
        workspace.claim(URL),
        pytest.raises(OperatorError, match=rf"already runs .*process {os.getpid()}, {URL}"),
        Workspace(workspace.directory).claim("http://127.0.0.1:9000"),
    ):
        pass


def test_no_lock_and_no_notice_is_left_behind(workspace: Workspace) -> None:
    with workspace.claim(URL):
        workspace.announce(RUNNING)
        assert workspace.running() == RUNNING
    assert list(workspace.directory.iterdir()) == []
    with workspace.claim(URL):
        pass


def test_what_a_killed_owner_left_behind_is_not_believed(workspace: Workspace) -> None:
    program = f"""
import os, signal
from pathlib import Path
from stack.workspace import Running, Workspace
workspace = Workspace(Path({str(workspace.directory)!r}))
with workspace.claim({URL!r}):
    workspace.announce(Running(os.getpid(), "mongodb://there", "redis://there", {URL!r}))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL
    assert (workspace.directory / "servers.json").exists()
    assert workspace.running() is None
    with workspace.claim(URL):
        assert workspace.running() is None


def test_the_secret_is_made_once_and_private(workspace: Workspace) -> None:
    assert workspace.auth_secret() is None
    with workspace.claim(URL):
        secret = workspace.make_auth_secret()
        assert workspace.make_auth_secret() == workspace.auth_secret() == secret
        assert len(secret) == 64
    assert stat.S_IMODE((workspace.directory / "auth-secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(workspace.directory.stat().st_mode) == 0o700


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".orderstream").write_text("")
    with pytest.raises(OperatorError, match="move it away"), Workspace(tmp_path / ".orderstream").claim(URL):
        pass


def test_a_command_in_the_same_directory_finds_what_runs(workspace: Workspace) -> None:
    with workspace.claim(URL):
        workspace.announce(RUNNING)
        workspace.make_auth_secret()
        found = settings(workspace.directory.parent)
        assert found["write_model", "MONGODB_URL"] == ("mongodb://127.0.0.1:1/...", "orderstream dev")
        assert found["projector", "REDIS_URL"] == ("redis://127.0.0.1:2/...", "orderstream dev")
        assert found["api", "AUTH_SECRET"] == ("********", "orderstream dev")

        given = settings(workspace.directory.parent, MONGODB_URL="mongodb://me:secret@elsewhere/?password=x")
        assert given["write_model", "MONGODB_URL"] == ("mongodb://elsewhere/...", "environment")


def test_nothing_is_found_where_nothing_runs(tmp_path: Path) -> None:
    assert settings(tmp_path)["write_model", "MONGODB_URL"] == (None, "missing")


def settings(directory: Path, **environment: str) -> dict[tuple[str, str], tuple[str | None, str]]:
    """Value and source of every setting, by package and variable, as a command there sees them."""
    unset = {"MONGODB_URL", "REDIS_URL", "AUTH_SECRET"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "stack", "settings", "--json"],
        cwd=directory,
        env={name: value for name, value in os.environ.items() if name not in unset} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = json.loads(done.stdout)
    return {(row["package"], row["variable"]): (row["value"], row["source"]) for row in rows}


@pytest.mark.parametrize("content", [b"short\n", b"\xff\xfe" * 40, b""])
def test_a_key_that_cannot_be_used_is_said_to_be_so(tmp_path: Path, content: bytes) -> None:
    workspace = Workspace(tmp_path)
    (tmp_path / "auth-secret").write_bytes(content)
    with pytest.raises(OperatorError, match="delete it, and a new one is made"):
        workspace.make_auth_secret()

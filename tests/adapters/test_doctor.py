"""`smtpbot doctor`: a line for each check, what mends it, the exit status, and no secret."""

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from adapters import doctor
from adapters.checks import check_clock
from adapters.environment import read_environment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Settings for a bot without a platform, its listener at a free port."""
    return {"SMTPBOT_STATE_DIR": str(tmp_path / "state"), "SMTPBOT_LISTEN": "127.0.0.1:0"}


@pytest.fixture
def taken() -> Iterator[str]:
    """An address where another program listens and says nothing that we know."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def examine(environ: dict[str, str]) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """The exit status, and the checks by name."""
    out = io.StringIO()
    status = doctor.run(environ, True, out)
    told = json.loads(out.getvalue())
    assert told["ok"] == (status == 0)
    found: dict[str, list[dict[str, str]]] = {}
    for check in told["checks"]:
        assert set(check) == {"name", "state", "told", "mend"} and check["told"]
        found.setdefault(check["name"], []).append(check)
    return status, found


def test_all_is_well_with_nothing_configured(environ: dict[str, str]) -> None:
    """Status 0; what is off is said, and the state folder is the bot's alone."""
    out = io.StringIO()
    assert doctor.run(environ, False, out) == 0
    lines = out.getvalue().splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "ok        settings", "ok        knowledge", "ok        database", "ok        listener", "ok        slack", "ok        discord",
        "all is well",
    ]  # fmt: skip
    assert "2 of" in lines[0] and "SLACK_BOT_TOKEN is not set" in lines[4]
    assert Path(environ["SMTPBOT_STATE_DIR"]).stat().st_mode & 0o777 == 0o700


def test_broken_settings_are_all_told(environ: dict[str, str]) -> None:
    """Status 3 and nothing else looked at; never the value of a secret."""
    out = io.StringIO()
    assert doctor.run(environ | {"SLACK_BOT_TOKEN": "wrong-token", "SMTPBOT_LOG_LEVEL": "loud"}, False, out) == 3
    assert out.getvalue().count("problem   settings: ") == 2 and out.getvalue().endswith("2 problems\n")
    assert "to mend it: " in out.getvalue() and "wrong-token" not in out.getvalue()


def test_what_is_odd_about_the_settings_is_a_warning(environ: dict[str, str], tmp_path: Path) -> None:
    """A misspelled name and a `.env` that others read; status 0."""
    (tmp_path / ".env").write_text("SMTPBOT_LISTENS=1\n", "utf-8")
    (tmp_path / ".env").chmod(0o644)
    status, found = examine(read_environment(environ, tmp_path / ".env"))
    assert status == 0 and [check["state"] for check in found["settings"]] == ["warning", "warning", "ok"]


def test_own_knowledge_that_is_broken_is_named_by_place(environ: dict[str, str], tmp_path: Path) -> None:
    """File, line and column; an empty folder is most likely the wrong one."""
    own = environ | {"SMTPBOT_DATA_DIR": str(tmp_path)}
    status, found = examine(own)
    assert status == 0 and found["own knowledge"][0]["state"] == "warning"
    (tmp_path / "providers").mkdir()
    file = tmp_path / "providers" / "smarthost.yaml"
    file.write_text("id: smarthost\nfamily: smarthost\nname: Smarthost\nkind: mta\nentries:\n  - {id: smarthost/nine, text: [smarthost says nine], cause: mailbox-full}\n", "utf-8")  # fmt: skip
    status, found = examine(own)
    assert status == 0 and found["own knowledge"][0]["told"] == f"1 rules in {tmp_path}"
    file.write_text("id: smarthost\n  name: [\n", "utf-8")
    status, found = examine(own)
    assert status == 3 and "providers/smarthost.yaml:2:" in found["own knowledge"][0]["told"]


def test_taken_port_is_a_problem(environ: dict[str, str], taken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it is smtpbot that listens there."""
    monkeypatch.setattr(doctor, "PROBE_WITHIN", 0.1)
    status, found = examine(environ | {"SMTPBOT_LISTEN": taken})
    assert status == 3 and "cannot listen at" in found["listener"][0]["told"]


def test_running_bot_is_looked_at_where_it_listens(environ: dict[str, str], tmp_path: Path) -> None:
    """As `/readyz` says."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [sys.executable, "-m", "bot", "serve"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=kept | environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stderr is not None
        told = next(line for line in program.stderr if line.startswith("web: open "))
        running = environ | {"SMTPBOT_LISTEN": told.strip().rpartition("/")[2]}
        status, found = examine(running)
        program.terminate()
        program.stderr.read()
    assert status == 0 and found["listener"][0]["told"] == "smtpbot runs there, and is ready"
    assert found["database"][0]["told"].endswith("writable, the tables are those of this version")


@pytest.mark.parametrize(
    ("skew", "state", "words"),
    [
        (0, "ok", "within 1 s"), (-20, "ok", "within 20 s"), (60, "warning", "60 s ahead"), (-299, "warning", "299 s behind"),
        (300, "problem", "signed requests are refused"), (-100_000, "problem", "behind Slack's"),
    ],
)  # fmt: skip
def test_clock_is_compared(skew: int, state: str, words: str) -> None:
    """Beyond five minutes signatures fail."""
    now = 1_790_000_000.0
    check = check_clock("clock", "Slack", formatdate(now, usegmt=True), lambda: now + skew)
    assert (check.state, bool(check.mend)) == (state, state != "ok") and words in check.told


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_clock_without_a_date_is_a_warning(date: str | None) -> None:
    """Whatever stands between us and the platform."""
    assert check_clock("clock", "Slack", date).state == "warning"


def test_missing_packages_are_named_with_their_extra(environ: dict[str, str]) -> None:
    """A platform without settings may stay without them."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('discord', 'slack_bolt', 'sqlalchemy', 'uvicorn')))\n"
        "from adapters import doctor\n"
        f"sys.exit(doctor.run({environ | {'DISCORD_TOKEN': 'a.b.c'}!r}, True, sys.stdout))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    states = {name: check["state"] for name, check in found.items()}
    assert states == {
        "settings": "ok", "knowledge": "ok", "database": "problem", "listener": "problem", "slack": "ok", "discord": "problem",
    }  # fmt: skip
    assert found["slack"]["told"] == "off: SLACK_BOT_TOKEN is not set"
    assert found["discord"]["mend"] == "pip install 'smtpbot[discord]'"

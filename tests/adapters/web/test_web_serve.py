"""`smtpbot serve` with nothing configured, as a program of its own: the page, and a clean end."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.timing import WITHIN

ROOT = Path(__file__).parents[3]


def test_nothing_configured_opens_the_page(tmp_path: Path) -> None:
    """It says where the page is and what is off, answers, and ends on SIGTERM with 0."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SMTPBOT_", "SLACK_", "DISCORD_"))}
    environ = kept | {"SMTPBOT_LISTEN": "127.0.0.1:0", "XDG_STATE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bot", "serve"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stderr is not None
        told = []
        for line in program.stderr:
            told.append(line.strip())
            if line.startswith("web: open "):
                break
        with urllib.request.urlopen(told[-1].removeprefix("web: open ") + "/?q=451", timeout=WITHIN) as response:
            page = response.read().decode()
        program.send_signal(signal.SIGTERM)
        rest = program.stderr.read()
    assert program.returncode == 0, rest
    assert "451: Local error" in page
    with contextlib.closing(sqlite3.connect(tmp_path / "smtpbot" / "smtpbot.sqlite3")) as database:
        assert database.execute("SELECT platform, tenant, kind, number FROM counts").fetchall() == [
            ("web", "", "code", 1)
        ]
    assert "slack: off, SLACK_BOT_TOKEN is not set (README.md says how to turn it on)" in told
    assert "discord: off, DISCORD_TOKEN is not set (README.md says how to turn it on)" in told
    assert "Traceback" not in rest


def test_packages_of_platforms_that_are_off_are_not_loaded() -> None:
    """Memory and time to start are for what runs."""
    code = (
        "import sys; from adapters import serve; from bot.settings import Settings\n"
        "chosen = serve._choose([], Settings()); print([module.__name__ for module in chosen], *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("['adapters.web.run'] ")
    assert not {"discord", "slack_bolt", "slack_sdk", "psycopg", "alembic", "cryptography"} & {*done.stdout.split()}

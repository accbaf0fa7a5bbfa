"""The tools that check what an operator copies, and what happens where one is missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.settings import SETTINGS, Settings, read_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
# A value for each secret, as its platform writes it.
SECRETS = {
    "slack_bot_token": "xoxb-1-2-example",
    "slack_app_token": "xapp-1-2-example",
    "slack_signing_secret": "0f" * 16,
    "slack_client_id": "1.2",
    "slack_client_secret": "1e" * 16,
    "discord_token": "MTAw.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789",
    "database_url": "postgresql://smtpbot:secret@database/smtpbot",
    "encryption_keys": "A" * 43 + "=",
}


def need(tool: str) -> str:
    """The path of a tool; skips where it is missing, or fails where SMTPBOT_REQUIRE names deploy."""
    found = shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        required = "deploy" in os.environ.get("SMTPBOT_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)(f"{tool} is not installed (scripts/install-deploy-tools)")
    assert found
    return found


def run(*command: str | Path, **options: object) -> str:
    """What a command printed; AssertionError with all of it where it fails."""
    done = subprocess.run(  # type: ignore[call-overload]
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        **{"timeout": 300, **options},
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
    return str(done.stdout)


def read_as_set(environment: dict[str, str], secrets: Path, mounted: str) -> Settings:
    """The settings of a manifest's environment, with its mounted secrets in a folder here; SettingsError for a mistake."""
    secrets.mkdir(exist_ok=True)
    for name, value in SECRETS.items():
        (secrets / name).write_text(value + "\n", "utf-8")
    known = {setting.name + end for setting in SETTINGS for end in ("", "_FILE")}
    assert set(environment) <= known, set(environment) - known
    return read_settings({name: value.replace(mounted, str(secrets)) for name, value in environment.items()})

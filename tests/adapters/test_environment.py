"""`.env`: beneath the environment, told with all other problems, and the example that lists every setting."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from adapters import serve
from adapters.environment import read_environment
from bot.errors import SettingsError
from bot.settings import SETTINGS, describe_settings, find_warnings, read_settings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / ".env.example"


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    """A `.env` as an operator keeps it."""
    file = folder / ".env"
    file.write_text(text, "utf-8")
    file.chmod(mode)
    return file


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    """Also where one of them names a file that holds the value; other programs' names are left out."""
    (tmp_path / "token").write_text("xoxb-outside", "utf-8")
    file = write(
        tmp_path,
        "# a comment\nexport SMTPBOT_OUR_PANEL='Our # panel $HOME'\nSMTPBOT_LOG_LEVEL=debug # more\nHOME=/elsewhere\n"
        f"SLACK_BOT_TOKEN=xoxb-inside\nSLACK_APP_TOKEN=xapp-inside\nSMTPBOT_OUR_HOSTS_FILE={tmp_path}/none\n",
    )
    outside = {
        "SLACK_BOT_TOKEN_FILE": str(tmp_path / "token"),
        "SMTPBOT_LOG_LEVEL": "error",
        "SMTPBOT_OUR_HOSTS": "mx1.example.com",
        "HOME": "/root",
    }
    environ = read_environment(outside, file)
    settings = read_settings(environ)
    assert (settings.slack_bot_token, settings.slack_app_token) == ("xoxb-outside", "xapp-inside")
    assert (settings.our_panel, settings.log_level) == ("Our # panel $HOME", "error")
    assert settings.our_hosts == ("mx1.example.com",) and environ["HOME"] == "/root"
    assert find_warnings(environ) == []


def test_problems_of_file_and_environment_are_told_together_with_their_places(tmp_path: Path) -> None:
    """One line each; never a value of a secret."""
    file = write(tmp_path, "SLACK_BOT_TOKEN=wrong-token\n\n?? what\nDISCORD_TOKEN\nSMTPBOT_LISTEN=8451\n")
    with pytest.raises(SettingsError) as told:
        read_settings(read_environment({"SMTPBOT_LOG_LEVEL": "loud"}, file))
    lines = sorted(str(told.value).splitlines())
    assert lines == [
        f"{file}, line 3: not in the form NAME=value",
        f"DISCORD_TOKEN is empty; set it or leave it out ({file}, line 4)",
        f"SLACK_BOT_TOKEN must begin with xoxb- (OAuth & Permissions > Bot User OAuth Token) ({file}, line 1)",
        f"SMTPBOT_LISTEN must be HOST:PORT, such as 127.0.0.1:8451 ({file}, line 5)",
        "SMTPBOT_LOG_LEVEL must be one of debug, info, warning, error",
    ]


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o604, True), (0o644, True)])
def test_a_file_that_others_can_read_is_warned_of(tmp_path: Path, mode: int, warned: bool) -> None:
    """It holds tokens; a group of one's own is fine. Misspelled names are warned of as in the environment."""
    told = find_warnings(read_environment({}, write(tmp_path, "SMTPBOT_LISTENS=1\n", mode)))
    assert told[-1] == "SMTPBOT_LISTENS is no setting of smtpbot"
    assert told[:-1] == ([f"{tmp_path}/.env can be read by others on this machine; run: chmod 600 {tmp_path}/.env"] * warned)  # fmt: skip


@pytest.mark.parametrize(("raw", "words"), [(b"A=\xff\xfe\n", "not text"), (b"#" * 70_000, "larger than 65,536")])
def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path, raw: bytes, words: str) -> None:
    """And not silently left out. A missing one is fine, and so is a folder of that name."""
    file = write(tmp_path, "")
    file.write_bytes(raw)
    with pytest.raises(SettingsError, match=words):
        read_settings(read_environment({}, file))
    assert read_environment({"A": "b"}, tmp_path) == read_environment({"A": "b"}, tmp_path / "none") == {"A": "b"}


def test_the_program_reads_the_file_where_it_is_started(tmp_path: Path) -> None:
    """`smtpbot database check` with a database that only `.env` names."""
    write(tmp_path, f"SMTPBOT_DATABASE_URL=sqlite:///{tmp_path}/own.sqlite3\n")
    kept = {name: value for name, value in os.environ.items() if not re.match("SLACK_|DISCORD_|SMTPBOT_", name)}
    command = [sys.executable, "-m", "bot", "database"]
    for action in ("upgrade", "check"):
        done = subprocess.run(
            [*command, action], cwd=tmp_path, env=kept | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert "own.sqlite3" in done.stdout and (tmp_path / "own.sqlite3").exists()


def test_serve_logs_the_warnings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything else."""
    environ = read_environment({"SMTPBOT_STATE_DIR": str(tmp_path)}, write(tmp_path, "SMTPBOT_LISTENS=1\n", 0o644))
    with pytest.raises(SettingsError, match="slack cannot run"):
        serve.run(["slack"], environ)
    first, second = capsys.readouterr().err.splitlines()[:2]
    assert "WARNING" in first and "chmod 600" in first
    assert second.endswith("SMTPBOT_LISTENS is no setting of smtpbot")


def test_the_example_lists_every_setting_with_its_sentence(tmp_path: Path) -> None:
    """As `serve --settings` does, in its order; secrets stand empty, other examples are values that are read."""
    text = EXAMPLE.read_text("utf-8")
    shown = [
        (name, comment.replace("\n# ", " "), value.strip('"'))
        for comment, name, value in re.findall(r"^# ((?:.+\n# )*.+)\n#([A-Z_]+)=(.*)$", text, re.MULTILINE)
    ]
    assert [(name, comment) for name, comment, _ in shown] == [(setting.name, setting.doc) for setting in SETTINGS]
    described = describe_settings()
    for setting, (name, comment, value) in zip(SETTINGS, shown, strict=True):
        assert f"{name}{' (secret)' * setting.secret}\n    {comment}\n" in described
        assert bool(value) != setting.secret
        if value:
            setting.read(value.replace("/etc/smtpbot/knowledge", str(tmp_path)))
    assert read_environment({}, EXAMPLE) == {}

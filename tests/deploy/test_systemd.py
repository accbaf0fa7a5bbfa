"""The unit: what systemd says about it, and that the bot runs under the strictest of its limits."""

import ctypes
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.tools import DEPLOY, ROOT, need, read_as_set, run

UNIT = DEPLOY / "systemd" / "smtpbot.service"
DROP_INS = sorted((DEPLOY / "systemd" / "smtpbot.service.d").glob("*.conf"))
MAX_EXPOSURE = 25  # 2.5 as systemd prints it
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1


def install(folder: Path, *drop_ins: Path) -> Path:
    """The unit with some drop-ins as an operator copies them, its program one that is here."""
    unit = folder / UNIT.name
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/smtpbot/bin/smtpbot", sys.executable), "utf-8")
    beside = folder / f"{UNIT.name}.d"
    beside.mkdir()
    for drop_in in drop_ins:
        (beside / drop_in.name).write_text(drop_in.read_text("utf-8"), "utf-8")
    return unit


def test_exposure_is_low() -> None:
    """2.5 at most, by `systemd-analyze security --offline=true`."""
    told = run(need("systemd-analyze"), "security", "--offline=true", f"--threshold={MAX_EXPOSURE}", "--no-pager", UNIT)
    assert "Overall exposure level" in told


@pytest.mark.parametrize("drop_in", DROP_INS, ids=lambda path: path.stem)
def test_unit_and_drop_ins_are_understood(drop_in: Path, tmp_path: Path) -> None:
    """systemd finds no word that it does not know."""
    unit = install(tmp_path, drop_in)
    assert run(need("systemd-analyze"), "verify", "--man=no", unit) == ""


def test_a_mistake_in_a_drop_in_would_be_told(tmp_path: Path) -> None:
    """The check above can fail."""
    unit = install(tmp_path, DROP_INS[0])
    copied = tmp_path / f"{UNIT.name}.d" / DROP_INS[0].name
    copied.write_text(copied.read_text("utf-8") + "LoadCredentail=x:/y\n", "utf-8")
    told = subprocess.run([need("systemd-analyze"), "verify", "--man=no", unit], capture_output=True, text=True)
    assert "LoadCredentail" in told.stdout + told.stderr


@pytest.mark.parametrize("drop_in", DROP_INS, ids=lambda path: path.stem)
def test_settings_of_each_drop_in_are_read_without_a_problem(drop_in: Path, tmp_path: Path) -> None:
    """Each reads exactly the credentials it loads."""
    text = drop_in.read_text("utf-8")
    loaded = dict(re.findall(r"^LoadCredential=(\w+):(\S+)$", text, re.MULTILINE))
    lines = re.findall(r"^Environment=(.*)$", text, re.MULTILINE)
    values = dict(word.split("=", 1) for line in lines for word in line.split())
    secret = {value for name, value in values.items() if name.endswith("_FILE")}
    assert {value.removeprefix("%d/") for value in secret} == set(loaded)
    assert all(path == f"/etc/smtpbot/secrets/{name}" for name, path in loaded.items())
    read_as_set(values, tmp_path / "secrets", "%d")


def test_bot_runs_without_memory_that_is_written_and_executed() -> None:
    """As MemoryDenyWriteExecute= has it: with every adapter's packages loaded, and a chart's."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = (
        "import slack_bolt.app.async_app, discord, uvloop, sqlalchemy, psycopg, cryptography.fernet, uvicorn, matplotlib.figure;"
        "import bot; print(bot.load().answer('451', 'slash').kind)"
    )

    def deny() -> None:
        if libc.prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")

    try:
        told = run(sys.executable, "-W", "ignore", "-c", code, cwd=ROOT, preexec_fn=deny)
    except subprocess.SubprocessError:
        pytest.skip("this kernel cannot deny it to a process (Linux 6.3)")
    assert told.strip() == "code"

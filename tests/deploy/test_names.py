"""Every setting that something in deploy/ names is one."""

import re
from pathlib import Path

import pytest

from bot.settings import SETTINGS
from tests.deploy.tools import DEPLOY

KNOWN = {setting.name + end for setting in SETTINGS for end in ("", "_FILE")}
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and "secrets" not in path.parts)


def test_there_are_files() -> None:
    """The test below has something to read."""
    assert len(FILES) > 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_named_settings_exist(path: Path) -> None:
    """None misspelled, none of an older version."""
    text = path.read_bytes().decode("utf-8", "replace")
    named = set(re.findall(r"\b(?:SMTPBOT|SLACK|DISCORD)_[A-Z][A-Z_]*[A-Z]\b", text))
    assert named <= KNOWN, named - KNOWN

"""Everything that fuzzing ever found, and some rubbish of our own, through every target."""

from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

FINDINGS = sorted((Path(__file__).parent / "findings").glob("*-*"))
RUBBISH = (
    b"",
    b"\0" * 50,
    bytes(range(256)),
    b"\xff\xfe5\0005\0000\0",
    b"550",
    "５５０ 邮箱".encode(),
    b"@@@",
    b"{" * 400,
)


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.name)
def test_finding_stays_mended(path: Path) -> None:
    """What once broke a target holds now."""
    TARGETS[path.name.partition("-")[0]](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_rubbish_is_taken(name: str) -> None:
    """Each target runs, with what it asserts."""
    for raw in RUBBISH:
        TARGETS[name](raw)

"""`smtpbot data check`: what is wrong in data/ is named with file, line and column."""

import io
import shutil
from pathlib import Path

import pytest

from bot import upkeep
from bot.building import read_yaml
from bot.errors import DataError

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of data/ that may be broken."""
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def _break(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


BROKEN = [
    ("phrases/accepted.yaml", "strength: certain", "strength: sure", r"phrases/accepted.yaml:4:3: .*`strength` is one"),
    ("phrases/accepted.yaml", "cause: accepted", "cause: taken", r"phrases/accepted.yaml:4:3: .*unknown cause 'taken'"),
    ("phrases/accepted.yaml", "  reply: 2xx", "  reply: ok", r"phrases/accepted.yaml:4:3: .*'ok' is no reply code"),
    ("phrases/accepted.yaml", "- id: queued\n", "- id: queued\n  id: other\n", r"accepted.yaml:5:3: 'id' is given twice"),
    ("phrases/accepted.yaml", "- id: queued\n", "- id: queued\n  sens: [a]\n", r"accepted.yaml:4:3: .*sens"),
    ("phrases/accepted.yaml", "rules:", "rules: [", r"phrases/accepted.yaml:\d+:\d+: "),
    ("phrases/virus-detected.yaml", "sense: [\"virus", "sense: [\"viris", r"virus-detected.yaml:\d+:3: .*unknown set of words 'viris'"),
    ("providers/t-online.yaml", "kind: mailbox", "kind: castle", r"providers/t-online.yaml:2:1: .*kind"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "told"), BROKEN)
def test_a_fault_is_named_with_its_place(copied: Path, name: str, old: str, new: str, told: str) -> None:
    """So that whoever edits the file finds the line."""
    _break(copied, name, old, new)
    with pytest.raises(DataError, match=told):
        upkeep.run("check", [], copied, io.StringIO())


def test_an_entry_that_does_not_find_its_example_is_a_problem(copied: Path) -> None:
    """Each entry's own line must read as that entry."""
    _break(copied, "phrases/accepted.yaml", 'example: "250 2.0.0 Ok: queued as', 'example: "550 5.1.1 User unknown')
    out = io.StringIO()
    assert upkeep.run("check", [], copied, out) == 3
    assert "phrases/accepted.yaml:4:3: entry phrase/accepted/queued: its example reads as" in out.getvalue()


def test_words_that_older_yaml_takes_for_truth_values_are_words(tmp_path: Path) -> None:
    """`no` is what many refusals say; only true and false are truth values."""
    path = tmp_path / "words.yaml"
    path.write_text("words: [no, on, off, yes, n, y]\ntruth: [true, false]\n", "utf-8")
    assert read_yaml(path) == {"words": ["no", "on", "off", "yes", "n", "y"], "truth": [True, False]}

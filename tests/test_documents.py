"""docs/: every test that a table names exists, and figures add up."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["security.md", "reliability.md"])
def test_every_test_that_is_named_exists(name: str) -> None:
    """By file and name, so that a renamed test takes its row along."""
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / name).read_text("utf-8"))
    assert len(named) > 20
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not re.search(rf"^(?:async )?def {test}\(", (ROOT / file).read_text("utf-8"), re.M)
    ]
    assert missing == []


def test_figures_of_mutation_add_up() -> None:
    """Killed and survived are all mutants, at least 85 % are killed, and each survivor is in a group that says why."""
    text = (ROOT / "docs" / "mutation.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \| ([\d.]+) % \|$", text, re.M)
    reasons = text.partition("## What survives")[2]
    groups = [map(int, row) for row in re.findall(r"^\| [^|]+ \| (\d+) \| (\d+) \| (\d+) \| ", reasons, re.M)]
    assert [name for name, *_ in rows] == ["codes", "matching", "deciding", "redaction"]
    for name, mutants, killed, survived, share in rows:
        assert (ROOT / "bot" / f"{name}.py").exists()
        assert int(killed) + int(survived) == int(mutants)
        assert f"{100 * int(killed) / int(mutants):.1f}" == share and float(share) >= 85
    assert [sum(column) for column in zip(*groups, strict=True)] == [int(row[3]) for row in rows[:3]]

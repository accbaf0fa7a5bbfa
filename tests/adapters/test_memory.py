"""The budget of memory, with everything on; `make bench` asks ten times as much."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "bench_memory.py"


def test_serve_with_everything_on_keeps_its_budget_of_memory() -> None:
    """When connected, after answers, and after the knowledge was read anew."""
    done = subprocess.run([sys.executable, SCRIPT, "100"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    connected, answered, reloaded = map(float, re.findall(r"([\d.]+) MB$", done.stdout, re.MULTILINE))
    assert 50 < connected <= answered <= reloaded

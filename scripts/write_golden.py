"""Write tests/golden/*.txt anew from the bot's present answers; read the diff aloud before it is committed."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bot import load  # noqa: E402
from tests.test_golden import ASKED, answer  # noqa: E402

folder = ROOT / "tests" / "golden"
folder.mkdir(exist_ok=True)
for old in folder.glob("*.txt"):
    old.unlink()
bot = load()
for name, text in ASKED.items():
    (folder / f"{name}.txt").write_text(answer(bot, text), encoding="utf-8")

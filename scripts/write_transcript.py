"""Runs the commands of README.md's transcript and writes what they answer beneath them; --check only compares."""

import contextlib
import io
import shlex
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bot.__main__ import main  # noqa: E402

WIDTH = 100  # as a terminal shows them
README = ROOT / "README.md"
BEGIN, END = "<!-- transcript: made by `make transcript` -->\n", "<!-- end of transcript -->"


def renew(readme: str) -> str:
    """README's text with the answers of today; the lines that begin with `$ smtpbot` are the commands."""
    before, _, rest = readme.partition(BEGIN)
    transcript, _, after = rest.partition(END)
    commands = [line for line in transcript.splitlines() if line.startswith("$ smtpbot ")]
    if not commands:
        raise SystemExit("README.md has no transcript")
    blocks = (f"```\n{command}\n{_answer(command)}\n```\n" for command in commands)
    return before + BEGIN + "\n".join(blocks) + END + after


def _answer(command: str) -> str:
    out = io.StringIO()
    sys.argv = shlex.split(command.removeprefix("$ "))
    with contextlib.redirect_stdout(out):
        main()
    lines = out.getvalue().strip().splitlines()
    return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent="   " * line[:1].isdigit()) for line in lines)


if __name__ == "__main__":
    now = README.read_text(encoding="utf-8")
    then = renew(now)
    if "--check" in sys.argv:
        sys.exit("README.md's transcript is not of today: make transcript" if now != then else 0)
    README.write_text(then, encoding="utf-8")

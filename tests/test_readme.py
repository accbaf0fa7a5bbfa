"""README.md: the answers it shows are those of today, and the files it names are there."""

import json
import re
import subprocess
import sys
from pathlib import Path

from adapters.discord.render import render
from bot.app import Bot
from bot.recalling import values_of
from bot.settings import SETTINGS

ROOT = Path(__file__).parent.parent


def test_the_answers_shown_are_those_of_today() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/write_transcript.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_files_it_links_to_are_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(links) > 4
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_payload_shown_is_what_discord_is_sent(bot: Bot) -> None:
    shown = re.search(r"<!-- payload.*?```json\n(.*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    reply = bot.answer("452 4.2.2 <kim@example.com>: mailbox full")
    assert shown and [json.loads(shown[1])] == list(render(reply, True, values_of(reply.answers[0], bot.knowledge)))


def test_the_settings_it_names_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:SMTPBOT|SLACK|DISCORD)_[A-Z][A-Z_]*[A-Z]\b", text))
    assert len(named) > 10
    assert named <= {setting.name + end for setting in SETTINGS for end in ("", "_FILE")}

"""Numbers people look at: what bounced most, in words and as a chart."""

import asyncio
import io
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from matplotlib import image

from adapters import charting
from adapters.chart import HEAD, MARGIN, MAX_NAME, ROW, SHARP, SVG, THEMES, WIDTH, draw
from adapters.charting import Charts
from adapters.discord.render import render as render_discord
from adapters.slack.render import render as render_slack
from adapters.summary import MAX_ALT, MAX_ROWS, Numbers, Panel, Row, Summary, drawing, find_numbers, summarize
from bot.app import Bot
from bot.model import Message
from bot.rendering import plain_text
from bot.storage import Counted, MemoryStore, Place, Total, Votes

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 28)
PANEL = Panel("By reason", (Row("Mailbox is full", 3, 12), Row("Greylisted", 0, 4)))


def bounced(cause: str, provider: str, number: int) -> Total:
    return Total("bounce", cause, provider, number)


def test_days_are_counted_with_today() -> None:
    """Seven and thirty of them; what is older or somebody else's is left out."""

    async def run() -> Numbers:
        store, place = MemoryStore(), Place("slack", "/T1")
        for day in (date(2026, 11, 28), date(2026, 11, 22), date(2026, 11, 21), date(2026, 10, 30), date(2026, 10, 29)):
            await store.count(Counted(day, "slack", "/T1", "bounce", "greylisted"))
            await store.vote(str(day), place, day, right=day.day != 22)
        await store.count(Counted(TODAY, "slack", "/T2", "bounce", "greylisted"))
        return await find_numbers(store, "slack", "/T1", TODAY)

    assert asyncio.run(run()) == Numbers(
        (bounced("greylisted", "", 2),), (bounced("greylisted", "", 4),), Votes(1, 1), Votes(3, 1)
    )


def test_summary_tells_the_most_frequent(bot: Bot) -> None:
    """By reason and provider, the month deciding; questions and what is no error apart; votes as a share."""
    numbers = Numbers(
        (bounced("mailbox-full", "google", 3), Total("code", "greylisted", "", 1)),
        (
            bounced("mailbox-full", "google", 3),
            bounced("mailbox-full", "", 1_000),
            bounced("greylisted", "microsoft", 4),
            bounced("accepted", "google", 90),
            Total("code", "greylisted", "", 2),
        ),
        Votes(1, 0),
        Votes(2, 1),
    )
    summary = summarize(numbers, bot.knowledge)
    assert summary.panels == (
        Panel("By reason", (Row("Mailbox is full", 3, 1_003), Row("Greylisted", 0, 4))),
        Panel("By provider", (Row("Microsoft", 0, 4), Row("Gmail", 3, 3))),
    )
    told = plain_text(summary.message)
    assert "Last 7 days: 3 mail errors explained, 1 question about codes answered." in told
    assert "Last 30 days: 1,007 mail errors explained, 2 questions about codes answered." in told
    assert "1. Mailbox is full: 1,003 in 30 days (3 in the last 7)" in told
    assert "Marked right: 2 of 3 votes (67%) in 30 days; 1 of 1 in the last 7." in told
    assert "Mailbox is full 1,003 (3)" in summary.alt and "Microsoft 4 (0)" in summary.alt


def test_nothing_is_said_in_a_sentence(bot: Bot) -> None:
    """And there is nothing to draw; where only codes were asked for, that is told."""
    nothing = summarize(Numbers(), bot.knowledge)
    assert not nothing.panels and not nothing.alt and "no mail error was explained" in plain_text(nothing.message)
    codes = (Total("code", "greylisted", "", 2),)
    told = plain_text(summarize(Numbers(codes, codes), bot.knowledge).message)
    assert "0 mail errors explained, 2 questions" in told and "Marked right" not in told


def test_a_few_are_told_and_the_words_for_them_end(bot: Bot) -> None:
    """However many there are; causes that an operator no longer has keep their name."""
    totals = tuple(bounced(f"cause-{number}-{'long' * 40}", f"provider-{number}", 100 - number) for number in range(50))
    summary = summarize(Numbers(totals, totals), bot.knowledge)
    assert [len(panel.rows) for panel in summary.panels] == [MAX_ROWS, MAX_ROWS]
    assert summary.panels[1].rows[0].name == "Provider 0" and len(summary.alt) == MAX_ALT


def test_chats_draw_the_summary(bot: Bot) -> None:
    """As a message like any other."""
    totals = (bounced("mailbox-full", "google", 3),)
    reply = summarize(Numbers(totals, totals), bot.knowledge).reply
    assert "1. Mailbox is full: 3 in 30 days" in json.dumps(render_slack(reply))
    (shown,) = render_discord(reply)
    assert shown["embeds"][0]["title"] == "What bounced most"


# Charts


@pytest.mark.parametrize("theme", THEMES)
def test_bars_are_as_long_as_the_numbers(theme: str) -> None:
    """Measured in the picture: the ground beneath, the longest bar over the whole width, the week in its own color."""
    raw = draw(drawing([PANEL]), "png", theme)
    pixels = image.imread(io.BytesIO(raw))
    height = 2 * MARGIN + HEAD + 2 * ROW
    assert pixels.shape[:2] == (height * SHARP, WIDTH * SHARP)
    colors = {name: [int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)] for name, text in THEMES[theme].items()}

    def length(row: int, color: str) -> float:
        line = pixels[(MARGIN + HEAD + ROW * row + 6 + 15) * SHARP, :, :3]
        return float((abs(line - colors[color]).max(axis=1) < 0.01).sum() / SHARP)

    whole = WIDTH - 2 * MARGIN
    assert length(0, "week") == pytest.approx(whole * 3 / 12, abs=1)
    assert length(0, "month") == pytest.approx(whole * 9 / 12, abs=1)
    assert (length(0, "track"), length(1, "week")) == (0, 0)
    assert length(1, "month") == pytest.approx(whole * 4 / 12, abs=1)
    assert length(1, "track") == pytest.approx(whole * 8 / 12, abs=1)
    assert list(pixels[0, 0, :3]) == pytest.approx(colors["ground"], abs=0.01)


@pytest.mark.parametrize("form", ["png", "svg"])
def test_same_numbers_give_the_same_picture(form: str) -> None:
    """Byte for byte, in any process; without a date or the name of a program."""
    asked = json.dumps({"panels": drawing([PANEL]), "form": form, "theme": "light"})
    done = subprocess.run(
        [sys.executable, "-m", "adapters.chart"], input=asked.encode(), cwd=ROOT, capture_output=True, check=True
    )
    assert done.stdout == draw(drawing([PANEL]), form, "light")
    assert b"atplotlib" not in done.stdout and b"2026" not in done.stdout


def test_svg_needs_nothing_that_a_strict_policy_forbids() -> None:
    """No style, no script, nothing from elsewhere."""
    root = ElementTree.fromstring(draw(drawing([PANEL]), "svg", "light"))
    names = {element.tag.removeprefix(f"{{{SVG}}}") for element in root.iter()}
    assert names <= {"svg", "g", "path", "defs", "use", "clipPath", "rect"}
    for element in root.iter():
        for name, value in element.attrib.items():
            assert name != "style" and not name.startswith("on")
            assert not name.endswith("href") or value.startswith("#")
    assert {path.get("fill") for path in root.iter(f"{{{SVG}}}path")} >= {
        THEMES["light"]["week"],
        THEMES["light"]["month"],
    }


def test_names_are_only_text() -> None:
    """A name of an operator's is no formula, and a long one ends before the numbers."""
    hostile = Panel("$x", (Row("$\\frac{1}{", 1, 1), Row("x" * 500, 1, 1), Row("<b>&", 1, 1)))
    assert draw(drawing([hostile]), "png", "dark").startswith(b"\x89PNG")
    long, cut = (Panel("By reason", (Row(name, 1, 1),)) for name in ("x" * 500, "x" * (MAX_NAME - 1) + "…"))
    assert draw(drawing([long]), "svg", "light") == draw(drawing([cut]), "svg", "light")


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_charts_can_be_read(theme: dict[str, str]) -> None:
    """WCAG 2.2 AA: 4.5:1 for text, 3:1 for bars; and the two parts of a bar differ without their colors."""
    assert min(contrast(theme[name], theme["ground"]) for name in ("ink", "soft")) >= 4.5
    assert min(contrast(theme[name], theme["ground"]) for name in ("week", "month")) >= 3
    assert contrast(theme["week"], theme["month"]) >= 1.9


def with_panel(panel: Panel) -> Summary:
    return Summary(Message(), (panel,), "")


def test_charts_are_drawn_once_in_a_process_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """That process knows no token, and matplotlib stays out of ours."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-hidden")
    seen: list[dict[str, str]] = []
    start = asyncio.create_subprocess_exec

    async def noted(*words: Any, **more: Any) -> Any:
        seen.append(more["env"])
        return await start(*words, **more)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)

    async def run() -> None:
        charts = Charts()
        first, second = await asyncio.gather(*(charts.draw(with_panel(PANEL), "png") for _ in range(2)))
        assert first == second == draw(drawing([PANEL]), "png", "light")
        assert await charts.draw(Summary(Message()), "png") is None

    asyncio.run(run())
    assert len(seen) == 1 and not any(name.startswith(("SLACK", "SMTPBOT", "DISCORD")) for name in seen[0])


def test_serving_does_not_load_matplotlib() -> None:
    """It would take 50 MB and half a second at every start."""
    code = "import sys, adapters.charting, adapters.serve, adapters.slack.run, adapters.discord.run, adapters.web.run; print('matplotlib' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_what_cannot_be_drawn_is_none(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A process that fails, one that takes too long, and too many at once; the text is answered all the same."""

    async def run() -> None:
        charts = Charts()
        assert await charts.draw(with_panel(PANEL), "png", "pink") is None  # type: ignore[arg-type]
        monkeypatch.setattr(charting, "WITHIN", 0.0)
        assert await charts.draw(with_panel(PANEL), "png") is None
        monkeypatch.setattr(charting, "MAX_ASKED", 0)
        assert await charts.draw(with_panel(PANEL), "png") is None

    asyncio.run(run())
    assert [record.getMessage().partition(":")[0] for record in caplog.records if record.name == "smtpbot"] == [
        "a chart could not be drawn",
        "a chart was not drawn within 0.0 s",
    ]


def test_charts_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ones asked for last are."""
    monkeypatch.setattr(charting, "MAX_KEPT", 2)

    async def named(asked: bytes) -> bytes:
        return asked

    monkeypatch.setattr(charting, "_draw", named)

    async def run() -> int:
        charts = Charts()
        for number in range(5):
            await charts.draw(with_panel(Panel(str(number), PANEL.rows)), "png")
        return len(charts._kept)

    assert asyncio.run(run()) == 2

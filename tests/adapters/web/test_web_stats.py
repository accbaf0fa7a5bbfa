"""The numbers of the page: in words, as a chart in both schemes, as tables; of the page alone."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from playwright.sync_api import sync_playwright

from adapters import charting
from adapters.service import Service
from adapters.summary import Summary
from adapters.web.guard import POLICY
from adapters.web.inbound import Refusal
from adapters.web.stats import FRESH, Stats
from bot.app import Bot
from bot.errors import StoreError
from bot.settings import Settings
from bot.storage import Counted, MemoryStore, Total
from tests.adapters.web.site import FLAGS, Site, fill_numbers, need_chromium, open_site
from tests.timing import WITHIN


@pytest.fixture(scope="module")
def counted(bot: Bot) -> Iterator[Site]:
    """A page that was asked a lot."""
    with open_site(bot) as opened:
        fill_numbers(opened.store)
        yield opened


def get(site: Site, path: str) -> requests.Response:
    return requests.get(site.url + path, timeout=WITHIN)


def test_page_without_numbers_says_so(bot: Bot) -> None:
    """And has no chart."""
    with open_site(bot) as site:
        told, missing = get(site, "/stats"), get(site, "/stats.svg")
    assert told.status_code == 200 and "no mail error was explained here" in told.text
    assert '<img src="/stats' not in told.text
    assert missing.status_code == 404 and "There is no chart right now" in missing.text


def test_numbers_are_those_of_the_page(counted: Site) -> None:
    """Neither of another platform nor older than 30 days; the picture's words hold what it shows."""
    html = get(counted, "/stats").text
    assert "83 mail errors explained, 14 questions" in html and "239 mail errors explained" in html
    assert "complaint" not in html.lower() and "500" not in html and "999" not in html
    assert '<tr><th scope="row">Address does not exist</th><td>31</td><td>114</td></tr>' in html
    assert (
        'alt="Bars of how often mail bounced in 30 days (in 7 days). By reason: Address does not exist 114 (31)' in html
    )


def test_chart_is_drawn_in_both_schemes(counted: Site) -> None:
    """As SVG under the page's own policy, as large as the page leaves room for it."""
    html = get(counted, "/stats").text
    seen = set()
    for path in ("/stats.svg", "/stats.svg?theme=dark"):
        drawn = get(counted, path)
        assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml")
        assert drawn.headers["content-security-policy"] == POLICY
        root = ElementTree.fromstring(drawn.content)
        _, _, width, height = (float(number) for number in root.get("viewBox", "").split())
        asked = dict(word.split("=") for word in html.partition('<img src="/stats.svg"')[2].split(">")[0].split()[-2:])
        ratio = int(asked["height"].strip('"')) / int(asked["width"].strip('"'))
        assert height / width == pytest.approx(ratio, abs=0.001)
        seen.add(drawn.content)
    assert len(seen) == 2


def test_browser_shows_the_chart_of_its_scheme(counted: Site) -> None:
    """Loaded, and in violation of nothing."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need_chromium(), args=list(FLAGS))
        for scheme, path in (("light", "/stats.svg"), ("dark", "/stats.svg?theme=dark")):
            said: list[str] = []
            page = browser.new_page(color_scheme=scheme, base_url=counted.url)  # type: ignore[arg-type]
            page.on("console", lambda message, said=said: said.append(message.text))
            page.goto("/stats")
            shown = page.get_by_role("img", name="Bars of how often mail bounced")
            shown.evaluate("(image) => image.decode()")
            assert shown.evaluate("(image) => image.currentSrc").endswith(path)
            assert shown.evaluate("(image) => image.naturalWidth / image.naturalHeight") < 1
            page.get_by_text("By provider, as a table").click()
            assert page.get_by_role("row", name="Gmail 71 71").is_visible()
            assert said == []
            page.goto(path)
            fills = page.evaluate(
                "() => [...document.querySelectorAll('path')].map((one) => getComputedStyle(one).fill)"
            )
            assert len({*fills}) > 3  # drawn also where it is opened by itself
            assert not [text for text in said if "Content Security Policy" in text]
        browser.close()


class Asked(MemoryStore):
    """Counts how often it is asked; may be out of reach."""

    asked, gone = 0, False

    async def find_totals(self, since: Any, platform: str, tenant: str) -> list[Total]:
        if self.gone:
            raise StoreError("gone")
        self.asked += 1
        return await super().find_totals(since, platform, tenant)


def test_store_is_asked_once_a_minute(bot: Bot) -> None:
    """However many look at the page; where it is out of reach a sentence says so."""

    async def run() -> None:
        store, now = Asked(), 0.0
        stats = Stats(Service(Settings(), bot, store), lambda: now)
        first: Summary = await stats.find()
        await store.count(Counted(datetime.now(UTC).date(), "web", "", "bounce", "greylisted"))
        assert await stats.find() is first and store.asked == 2
        now = FRESH
        assert (await stats.find()).panels and store.asked == 4
        now, store.gone = 2 * FRESH, True
        with pytest.raises(Refusal) as refused:
            await stats.find()
        assert refused.value.status == 503 and "out of reach" in refused.value.sentence

    asyncio.run(run())


def test_chart_that_cannot_be_drawn_is_no_fault(counted: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page holds the numbers all the same."""
    monkeypatch.setattr(charting, "MAX_ASKED", 0)
    with open_site(counted.service.bot) as site:
        fill_numbers(site.store)
        assert get(site, "/stats.svg").status_code == 503
        assert get(site, "/stats").status_code == 200

"""The page as HTML over real HTTP: it works without a script, keeps a paste as text, and is safe in a browser."""

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import requests

from adapters.web.catalog import Catalog
from adapters.web.guard import POLICY
from adapters.web.preview import discord_html, slack_html
from adapters.web.render import inline, link_of, recipients_csv, view
from bot.app import Bot
from tests.adapters.web.site import Site
from tests.timing import WITHIN

MAILS = Path(__file__).parents[2] / "mails"
HOSTILE = (
    '550 5.1.1 <"><script>alert(1)</script>@example.org>: User unknown '
    "<img src=x onerror=alert(2)> {{ 7331*11 }} https://evil.example/a \u202egnp.exe"
)


class Tags(HTMLParser):
    """All tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def get(site: Site, path: str) -> requests.Response:
    return requests.get(site.url + path, timeout=WITHIN)


def post(site: Site, text: str, **files: tuple[str, bytes]) -> requests.Response:
    parts = {"text": (None, text), **files} if files else {"text": (None, text), "file": ("", b"")}
    return requests.post(site.url, files=parts, timeout=WITHIN)  # type: ignore[arg-type]


def answer_of(html: str) -> str:
    return html.partition('<section id="answer"')[2].partition("</main>")[0]


def test_a_paste_is_answered_without_a_script(site: Site) -> None:
    """The form alone brings the answer, and the text stays in the box."""
    response = post(site, "452 4.2.2 <kim@example.org>: mailbox is full")
    assert response.status_code == 200
    assert response.url == site.url + "/"
    for words in ("The mailbox is full", "Whose move", "What to do", "Why we say so", "To your customer", "To their postmaster"):  # fmt: skip
        assert words in answer_of(response.text)
    assert "&lt;kim@example.org&gt;: mailbox is full</textarea>" in response.text


def test_a_file_is_answered_without_a_script(site: Site) -> None:
    """A mail as a file, with the table of its recipients."""
    raw = (MAILS / "postfix-three-causes.eml").read_bytes()
    html = answer_of(post(site, "", file=("bounce.eml", raw)).text)
    assert "3 recipients failed for 3 reasons" in html
    assert html.count('<th scope="row">') == 3


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("shot.png", b"\x89PNG", "text"),
        ("report.pdf", b"%PDF", "I do not read .pdf files"),
        ("big.log", b"a" * 10_000_001, "larger than 10 MB"),
        ("zeros.txt", b"\0" * 5_000, "no readable text"),
    ],
)
def test_a_file_that_is_not_read_gets_a_sentence(site: Site, name: str, raw: bytes, words: str) -> None:
    """Which says what to send instead."""
    response = post(site, "", file=(name, raw))
    assert response.status_code == 200
    assert words in answer_of(response.text)


def test_a_link_holds_a_question_about_codes(site: Site) -> None:
    """And is offered for such a question alone."""
    html = answer_of(get(site, "/?q=450+vs+550").text)
    assert 'href="/?q=450%20vs%20550"' in html
    assert "/?q=" not in answer_of(post(site, "550 5.1.1 <kim@example.org>: User unknown").text)


def test_a_paste_in_a_link_is_not_answered(site: Site, bot: Bot) -> None:
    """It belongs into the box."""
    for text in ("550 5.1.1 <kim@example.org>: User unknown", "x" * 101):
        response = requests.get(site.url, params={"q": text}, timeout=WITHIN)
        assert response.status_code == 400
        assert "stays out of the address" in response.text
    assert link_of(bot.answer("550 5.7.1 for kim@example.org")) is None
    assert link_of(bot.answer("what is S3140?")) == "outlook-consumer S3140"


def test_a_hostile_paste_stays_text(site: Site) -> None:
    """No tag, attribute, link or direction of it reaches the page; the page has no tag that it has not always."""
    html = post(site, HOSTILE).text
    tags = Tags(html).found
    assert [tag for tag, _ in tags].count("script") == 1
    for tag, attributes in tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        assert not (attributes.get("src") or "").startswith(("x", "http"))
        assert "evil.example" not in (attributes.get("href") or "")
    assert "\u202e" not in answer_of(html)
    assert "80641" not in answer_of(html)


def test_headers_keep_a_browser_safe(site: Site) -> None:
    """On every kind of response: nothing from elsewhere, nothing inline, no cookie, nothing kept of an answer."""
    for response in (get(site, "/"), get(site, "/nowhere"), get(site, "/api/codes/x"), get(site, "/static/page.js"), post(site, "451")):  # fmt: skip
        assert response.headers["content-security-policy"] == POLICY
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in response.headers
    assert "unsafe" not in POLICY
    assert post(site, "451").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/", "/?q=451", "/codes", "/codes/550", "/providers", "/providers/google", "/stats", "/nowhere"]
)
def test_pages_are_in_good_order(site: Site, path: str) -> None:
    """Landmarks, one main heading, names for all fields, ids only once, nothing inline and nothing from elsewhere."""
    html = get(site, path).text
    tags = Tags(html).found
    names = [tag for tag, _ in tags]
    for landmark in ("header", "nav", "main", "footer", "h1"):
        assert names.count(landmark) == 1, landmark
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {attributes.get("for") for tag, attributes in tags if tag == "label"}
    for tag, attributes in tags:
        if tag in ("input", "textarea") and attributes.get("type") != "hidden":
            assert attributes.get("id") in labelled or attributes.get("aria-label")
        if tag in ("script", "link", "img"):
            assert (attributes.get("src") or attributes.get("href") or "").startswith(("/static/", "/stats.svg"))
        assert "style" not in attributes
    assert re.search(r'<html lang="en">', html)


def test_lists_hold_everything_and_are_searched_without_a_script(site: Site, bot: Bot) -> None:
    """All codes, all providers; ?q= leaves the lines that hold all words, and a miss says what may be meant."""
    catalog = Catalog(bot.knowledge)
    codes = [item.name for group in catalog.codes for item in group.items]
    assert sorted(codes) == sorted([*bot.knowledge.replies, *bot.knowledge.enhanced])
    providers = [item.path for group in catalog.providers for item in group.items]
    assert sorted(providers) == sorted(f"/providers/{name}" for name in bot.knowledge.providers)

    def shown(path: str) -> list[str]:
        rows = re.findall(r'<li data-words="[^"]*"( hidden)?><a href="([^"]+)"', get(site, path).text)
        return [where for hidden, where in rows if not hidden]

    assert shown("/providers?q=s3140") == ["/providers/outlook-consumer"]
    assert "/codes/X.2.2" in shown("/codes?q=4.2.2")
    assert len(shown("/codes")) == len(codes)
    assert shown("/codes?q=zzzz") == []
    assert "Ask the bot about them" in get(site, "/codes?q=zzzz").text


def test_every_code_and_provider_has_its_page(site: Site, bot: Bot) -> None:
    """Each line of the lists leads somewhere."""
    catalog = Catalog(bot.knowledge)
    for group in (*catalog.codes, *catalog.providers):
        for item in group.items:
            response = get(site, item.path)
            assert response.status_code == 200, item.path
            assert "{" not in re.sub(r"<[^>]*>", "", response.text), item.path


@pytest.mark.parametrize(
    "path", ["/codes/999", "/codes/%3Cscript%3E", "/providers/nobody", "/static/..%2Fapp.py", "/x"]
)
def test_what_is_not_there_is_said(site: Site, path: str) -> None:
    """With 404 and a way back."""
    response = get(site, path)
    assert response.status_code == 404
    assert 'href="/"' in response.text
    assert "<script>" not in response.text


def test_static_files_are_kept_for_good_under_their_stamp(site: Site) -> None:
    """A new content has a new address."""
    address = re.search(r"/static/page\.css\?v=\w+", get(site, "/").text)
    assert address
    assert "immutable" in get(site, address[0]).headers["cache-control"]
    assert get(site, "/static/page.css?v=old").headers["cache-control"] == "no-cache"


def test_a_csv_calculates_nothing(bot: Bot) -> None:
    """Cells that a spreadsheet would take for a formula begin with an apostrophe, also behind spaces."""
    raw = (MAILS / "postfix-three-causes.eml").read_bytes().replace(b"editor@example.org", b"=cmd|calc@example.org")
    answers = bot.answer_mail(raw).answers
    rows = list(csv.reader(io.StringIO(recipients_csv(answers, bot.knowledge))))
    assert len(rows) == len(answers) + 1
    assert not [cell for row in rows for cell in row if cell.lstrip()[:1] in ("=", "+", "-", "@")]
    assert any("=cmd" in cell for row in rows for cell in row)


def test_only_links_of_ours_become_active(bot: Bot) -> None:
    """A link that came with the paste stays text."""
    reply = bot.answer("550 5.7.1 blocked, see https://evil.example/x")
    assert "<a " not in inline("look at https://evil.example/x", reply)
    assert "<a " in inline("look at https://www.rfc-editor.org/rfc/rfc5321", reply)


def test_previews_show_what_the_chats_are_sent(bot: Bot) -> None:
    """The words of the answer, drawn without any mark of Slack's or Discord's formats, and a paste as text."""
    for text in ("550 5.7.26 unauthenticated", HOSTILE, "451"):
        reply = bot.answer(text)
        for html in (str(slack_html(reply)), str(discord_html(reply))):
            plain = re.sub(r"<[^>]*>", "", html)
            assert reply.answers[0].headline.split(" · ")[0].split()[0] in plain
            assert "**" not in plain
            assert "Whose move:" in plain
            assert {tag for tag, _ in Tags(html).found} <= {"p", "b", "code", "span", "div", "hr"}


def test_silence_and_small_talk_have_no_empty_parts(bot: Bot) -> None:
    """A reply without an answer is one card with its sentence."""
    drawn = view(bot.answer("are you there?", drafts=True), bot.knowledge)
    assert not drawn.answered
    assert len(drawn.lead) == 1
    assert not (drawn.cards or drawn.rows or drawn.drafts or drawn.csv or drawn.link)

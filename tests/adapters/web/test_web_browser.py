"""The page in Chromium: asked, pasted into, dropped on, copied from, by mouse and keyboard, with and without a script."""

import base64
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.adapters.web.site import FLAGS, Site, need_chromium
from tests.timing import WITHIN

MAILS = Path(__file__).parents[2] / "mails"
BOUNCE = MAILS / "postfix-three-causes.eml"
REFUSED = (
    "550-5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to "
    "authenticate with either SPF or DKIM. SPF [news.example.com] with ip: [192.0.2.7] = did not pass - gsmtp"
)
FULL = "<kim@example.org>: host mx.example.org[192.0.2.20] said: 552 5.2.2 mailbox is full"
PHONE = {"width": 390, "height": 844}
NARROW = {"width": 320, "height": 640}
PATHS = (
    "/",
    "/?q=451",
    "/?q=450+vs+550",
    "/codes",
    "/codes/5.7.26",
    "/providers",
    "/providers/google",
    "/stats",
    "/nowhere",
)

DROP = """async ({name, content}) => {
  const raw = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const dropped = new DataTransfer();
  dropped.items.add(new File([raw], name));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: dropped, bubbles: true, cancelable: true}));
}"""
# The lowest contrast of text to its ground, with the text it was found at (WCAG 2.2, relative luminance).
CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = (color) => {
    const part = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(color[0]) + 0.7152 * part(color[1]) + 0.0722 * part(color[2]);
  };
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const color = rgba(getComputedStyle(element).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  let lowest = [99, ""];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.textContent.trim() || !parent.checkVisibility() || parent.closest(".unseen")) continue;
    const [text, back] = [light(rgba(getComputedStyle(parent).color)), light(ground(parent))];
    const found = (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
    if (found < lowest[0]) lowest = [found, node.textContent.trim().slice(0, 60)];
  }
  return lowest;
}"""
# Adds up how far things move by themselves (Cumulative Layout Shift).
SHIFTS = """window.shifted = 0;
new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shifted += entry.value; })
  .observe({type: "layout-shift", buffered: true});"""
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(window.shifted), 30)))"

expect.set_options(timeout=WITHIN * 1_000)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")  # Playwright keeps an event loop running in this thread until it is closed
def browser() -> Iterator[Browser]:
    """Headless Chromium; skips, or fails where SMTPBOT_REQUIRE names browser."""
    chromium = need_chromium()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield opened
        opened.close()


class Desk:
    """Opens pages of the site, and notes what a page must never do."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self._browser, self.site = browser, site
        self.faults: list[str] = []
        self.asked: list[str] = []

    def open(self, path: str = "/", **options: Any) -> Page:
        """A page in a fresh profile, once it has loaded."""
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = self._browser.new_context(base_url=self.site.url, **options)
        page = context.new_page()
        page.set_default_timeout(WITHIN * 1_000)
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", self._dismiss)
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(path)
        return page

    def close(self) -> None:
        """Close all pages."""
        for context in self._browser.contexts:
            context.close()

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "404 (Not Found)" not in text and "ERR_INTERNET_DISCONNECTED" not in text:
            self.faults.append(text)

    def _dismiss(self, dialog: Any) -> None:
        self.faults.append("a dialog opened")
        dialog.dismiss()


@pytest.fixture
def desk(browser: Browser, site: Site) -> Iterator[Desk]:
    """A desk whose pages threw no error, broke no policy and asked nobody else."""
    made = Desk(browser, site)
    yield made
    made.close()
    assert not made.faults
    assert not [url for url in made.asked if not url.startswith((site.url, "blob:"))]


def paste(page: Page, text: str) -> None:
    """Put the text in as a paste does, and have it explained."""
    page.locator("#text").fill(text)
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("#answer [data-focus]")).to_be_focused()


def is_seen(page: Page, selector: str) -> bool:
    """Whether the first such element is wholly within the window."""
    box = page.locator(selector).first.bounding_box()
    size = page.viewport_size
    assert box and size
    return bool(box["y"] >= 0 and box["y"] + box["height"] <= size["height"])


def test_a_question_is_answered_at_its_own_address(desk: Desk) -> None:
    """Enter asks; the address holds the question, the title names the answer, and going back brings the form again."""
    page = desk.open()
    page.keyboard.type("what is 451?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="451: Local error")).to_be_focused()
    expect(page).to_have_url(desk.site.url + "/?q=451")
    assert page.title().startswith("451: Local error")
    page.reload()
    expect(page.get_by_role("heading", name="451: Local error")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Every answer says")).to_be_visible()


def test_a_paste_never_stands_in_an_address(desk: Desk) -> None:
    """Not in the page's, and in none that the browser asks for."""
    page = desk.open("/?q=451")
    paste(page, REFUSED)
    expect(page).to_have_url(desk.site.url + "/")
    assert not [url for url in desk.asked if "example" in url or "192.0.2" in url]


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, PHONE], ids=["desktop", "phone"])
def test_what_matters_is_seen_at_once(desk: Desk, size: Any) -> None:
    """Headline, whose move and the first step, without scrolling by hand."""
    page = desk.open(viewport=size)
    paste(page, REFUSED)
    page.wait_for_function("() => document.querySelector('.steps li').getBoundingClientRect().bottom < innerHeight")
    for selector in (".card h2", ".move p", ".steps li:first-child"):
        assert is_seen(page, selector), selector


def test_a_file_is_chosen_or_dropped(desk: Desk) -> None:
    """Either way it is answered at once, and the form is ready for the next one."""
    page = desk.open()
    page.locator("#file").set_input_files(BOUNCE)
    expect(page.locator("#answer .lead")).to_have_text("3 recipients failed for 3 reasons.")
    expect(page.locator("#file-name")).to_have_text("Choose a file")
    page.evaluate(DROP, {"name": "bounce.eml", "content": base64.b64encode((MAILS / "postfix-user-unknown.eml").read_bytes()).decode()})  # fmt: skip
    expect(page.locator("#answer article")).to_have_count(1)
    expect(page.locator("#answer .badge")).to_have_text("permanent")


@pytest.mark.parametrize(("name", "size", "words"), [("huge.eml", 10_000_001, "larger than 10 MB"), ("a.pdf", 9, "do not read .pdf")])  # fmt: skip
def test_a_file_that_is_not_read_is_told_why(desk: Desk, name: str, size: int, words: str) -> None:
    """In a sentence, in the place of the answer."""
    page = desk.open()
    page.locator("#file").set_input_files({"name": name, "mimeType": "message/rfc822", "buffer": b"a" * size})
    expect(page.locator("#answer")).to_contain_text(words)


def test_commands_and_drafts_are_copied(desk: Desk) -> None:
    """The clipboard holds exactly what is shown."""
    page = desk.open(permissions=["clipboard-read", "clipboard-write"])
    paste(page, REFUSED)
    read = "() => navigator.clipboard.readText()"
    page.locator(".command .copy").first.click()
    expect(page.locator("#announce")).to_have_text("Copied")
    assert page.evaluate(read) == page.locator(".command code").first.text_content()
    paste(page, FULL)
    for name in ("customer", "postmaster"):
        button = page.locator(f'[data-copy="draft-{name}"]')
        button.click()
        expect(button).to_have_text("Copied")
        assert page.evaluate(read) == page.locator(f"#draft-{name}").text_content()


def test_recipients_come_as_csv(desk: Desk) -> None:
    """One row for each, as a file."""
    page = desk.open()
    page.locator("#file").set_input_files(BOUNCE)
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download CSV").click()
    assert begun.value.suggested_filename == "recipients.csv"
    rows = list(csv.DictReader(io.StringIO(begun.value.path().read_text("utf-8-sig"))))
    assert [row["recipient"] for row in rows] == ["editor@example.org", "news@example.net", "tips@radio.example.net"]
    assert rows[1]["cause"] == "mailbox-full"


def test_both_chats_are_shown(desk: Desk) -> None:
    """Slack's and Discord's form of the same answer, behind a click."""
    page = desk.open("/?q=451")
    for name in ("Slack", "Discord"):
        page.get_by_text(f"As {name} shows it").click()
        expect(page.locator(f".chat.{name.lower()}")).to_contain_text("Whose move: At first nobody has to act")


def test_lists_narrow_as_one_types(desk: Desk) -> None:
    """By number, by words, by a provider's own code; the number found is told."""
    page = desk.open("/codes")
    page.locator("#filter").press_sequentially("mailbox full")
    lines = [line.get_attribute("data-words") or "" for line in page.locator("#lists li:visible").all()]
    assert 2 < len(lines) < 30
    assert all("mailbox" in line and "full" in line for line in lines)
    expect(page.locator("#found")).to_have_text(f"{len(lines)} found")
    page.locator("#filter").fill("")
    expect(page.locator("#lists li:visible")).to_have_count(page.locator("#lists li").count())
    page.goto("/providers")
    page.locator("#filter").fill("S3140")
    expect(page.locator("#lists li:visible")).to_have_count(1)
    page.locator("#lists li:visible a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Outlook.com")


def test_all_works_without_a_script(desk: Desk) -> None:
    """Ask, paste, send a file, take the CSV, search: with plain forms, and no button that does nothing."""
    page = desk.open(java_script_enabled=False)
    page.locator("#text").fill(REFUSED)
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("heading", name="The message is not authenticated")).to_be_visible()
    expect(page.locator("#text")).to_have_value(REFUSED)
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.locator("#file").set_input_files(BOUNCE)
    page.get_by_role("button", name="Explain").click()
    page.get_by_text("As CSV, to copy").click()
    expect(page.locator("#recipients-csv")).to_have_value(re.compile("news@example.net,452"))
    page.goto("/codes")
    page.locator("#filter").fill("4.7.1 delivery")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("#lists li:visible a").first).to_have_attribute("href", "/codes/X.7.1")


@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["390", "320"])
def test_nothing_is_wider_than_a_phone(desk: Desk, size: Any) -> None:
    """No page scrolls sideways."""
    page = desk.open(viewport=size)
    wider = "() => document.documentElement.scrollWidth - innerWidth"
    for path in PATHS:
        page.goto(path)
        assert page.evaluate(wider) <= 0, path
    page.goto("/")
    page.locator("#file").set_input_files(BOUNCE)
    expect(page.locator("table")).to_be_visible()
    for summary in page.locator("summary:visible").all():
        summary.click()
    assert page.evaluate(wider) <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_schemes(desk: Desk, scheme: Any) -> None:
    """A contrast of 4.5 to 1 everywhere (WCAG 2.2 AA), on a ground that follows the scheme."""
    page = desk.open(color_scheme=scheme)
    ground = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(20, 23, 26)") == (scheme == "dark")
    for path in PATHS:
        page.goto(path)
        page.evaluate("() => document.querySelectorAll('#answer details').forEach((part) => { part.open = true; })")
        lowest, where = page.evaluate(CONTRAST)
        assert lowest >= 4.5, (path, where)
    page.goto("/")
    page.locator("#file").set_input_files(BOUNCE)
    expect(page.locator("table")).to_be_visible()
    lowest, where = page.evaluate(CONTRAST)
    assert lowest >= 4.5, where


def test_a_keyboard_is_enough(desk: Desk) -> None:
    """Skip link, form, answer, copying and previews by Tab and Enter, always with the focus to be seen."""
    page = desk.open("/codes", permissions=["clipboard-read", "clipboard-write"])
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.goto("/")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type(REFUSED)
    page.keyboard.press("Enter")
    expect(page.locator(".card h2")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".command .copy").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#announce")).to_have_text("Copied")
    for _ in range(12):
        outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("() => document.activeElement.outerHTML")
        if page.evaluate("() => document.activeElement.tagName") == "SUMMARY":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".chat.slack")).to_be_visible()


def test_the_policy_stops_what_is_not_ours(desk: Desk) -> None:
    """An inline script or style does nothing, should one ever get in."""
    page = desk.open()
    ran = page.evaluate(
        """async () => {
          const seen = [];
          addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          document.body.setAttribute("style", "color: red");
          await new Promise((done) => setTimeout(done, 50));
          return [window.ran === true, ...seen.sort()];
        }"""
    )
    assert ran == [False, "script-src-elem", "style-src-attr"]
    desk.faults.clear()


def test_a_hostile_paste_is_shown_as_text(desk: Desk) -> None:
    """256 kB of tags, handlers and turned writing: answered, shown, and nothing of it runs."""
    page = desk.open()
    evil = (
        '550 5.1.1 <"><img src=x onerror=alert(1)>@example.org>: User unknown <script>alert(2)</script> \u202egnp.exe '
    )
    paste(page, evil + "<svg onload=alert(3)>\u2067" * 12_000)
    expect(page.locator("#answer .card").first).to_be_visible()
    assert page.locator("#answer script, #answer img[src^='x'], #answer [onerror], #answer [onload], #answer svg").count() == 0  # fmt: skip
    assert "\u202e" not in (page.locator("#answer").text_content() or "")
    page.reload()
    expect(page.get_by_role("heading", name="Every answer says")).to_be_visible()


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, PHONE], ids=["desktop", "phone"])
def test_nothing_jumps(desk: Desk, size: Any) -> None:
    """Neither while a page loads nor when an answer comes does the layout shift by itself."""
    page = desk.open("/nowhere", viewport=size)
    page.add_init_script(SHIFTS)
    for path in PATHS:
        page.goto(path)
        assert page.evaluate(SETTLED) < 0.01, path
    page.goto("/")
    page.evaluate("() => { const sent = fetch; fetch = async (...all) => { await new Promise((done) => setTimeout(done, 600)); return sent(...all); }; }")  # fmt: skip
    paste(page, REFUSED)  # shifts within half a second of a click do not count, so the answer comes later
    assert page.evaluate(SETTLED) < 0.05


def test_a_lost_connection_is_said(desk: Desk) -> None:
    """And the text is still there to be sent again."""
    page = desk.open()
    page.context.set_offline(True)
    page.locator("#text").fill("451")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("#answer")).to_contain_text("did not arrive")
    page.context.set_offline(False)
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("heading", name="451: Local error")).to_be_focused()


def test_nothing_asked_is_said_to_a_screen_reader(desk: Desk) -> None:
    """An empty form moves the focus back and says what is missing."""
    page = desk.open()
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("#announce")).to_contain_text("Paste the error message")
    expect(page.locator("#text")).to_be_focused()


def test_no_cookie_and_nothing_else_is_left(desk: Desk) -> None:
    """After an answer the browser keeps nothing of it."""
    page = desk.open()
    paste(page, REFUSED)
    assert page.context.cookies() == []
    assert page.evaluate("() => localStorage.length + sessionStorage.length") == 0

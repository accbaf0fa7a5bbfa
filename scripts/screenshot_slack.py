"""Takes docs/slack*.png: conversations with the bot in the page of local-slack, by headless Chromium. Look at them.

Needs scripts/install-local-slack and Debian's chromium. Runs in a network namespace of its own. What the page of
local-slack leaves out (votes, blocks to copy, fields for files) is drawn here as Slack does.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402

from tests.adapters.slack.house import (  # noqa: E402
    APPS,
    CHANNEL,
    PERSON,
    SLACK_PORT,
    House,
    end,
    find_obstacle,
    open_house,
    wait_for,
)
from tests.adapters.web.site import FLAGS, find_chromium  # noqa: E402

APP = APPS["http"]
PASTE = (
    "550-5.7.26 This mail has been blocked because the sender is unauthenticated. SPF [news.example.com] with ip: "
    "[192.0.2.7] = did not pass. DKIM = did not pass"
)
FULL = "452 4.2.2 <kim@example.com> mailbox full"
LISTED = (
    "Nov 27 09:12:40 mail postfix/smtp[311]: 4Xk2: to=<robin@example.org>, relay=mx.example.org[198.51.100.4]:25, "
    "dsn=5.7.1, status=bounced (host mx.example.org[198.51.100.4] said: 554 5.7.1 Service unavailable; Client host "
    "[192.0.2.7] blocked using zen.spamhaus.org (in reply to RCPT TO command))"
)
WIDTH, HEIGHT = 1400, 880
STYLE = """
.topbar-right, .composer-attach, .msg-hover-actions { visibility: hidden }
.highlighted { background: none !important; animation: none !important }
.as-slack { border: 1px solid #bbb; border-radius: 4px; padding: 4px 12px; margin: 4px 8px 4px 0; display: inline-block;
  font-size: 13px; color: #1d1c1d }
pre.as-slack { display: block; white-space: pre-wrap; background: #f8f8f8 }
"""
DRAW = """(literals) => {
  const boxes = { context_actions: ["This was right", "This was wrong"], file_input: ["Upload files"] };
  for (const unknown of document.querySelectorAll(".bk-unknown")) {
    const kind = unknown.textContent.slice(1, -1);
    const texts = kind === "rich_text" ? [literals.shift()] : boxes[kind];
    const row = document.createElement("div");
    row.append(...texts.map((text) => {
      const box = document.createElement(kind === "rich_text" ? "pre" : "span");
      box.className = "as-slack";
      box.textContent = text;
      return box;
    }));
    unknown.replaceWith(row);
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {  // no font for them may be there
    walker.currentNode.nodeValue = walker.currentNode.nodeValue.replace("🏠", "").replace("🔍", ":mag:");
  }
}"""


class Desk:
    """A person at the page of the Slack server."""

    def __init__(self, house: House, page: Page, folder: Path) -> None:
        self.house, self.page, self._folder = house, page, folder

    def say(self, text: str) -> dict[str, Any]:
        """The answer in the thread of what the person writes into the channel."""
        said = self.house.control("message", channel=CHANNEL, user=PERSON, text=text)["message"]
        return dict(wait_for(lambda: self.house.answers_to(said["ts"], APP))[0])

    def ask(self, text: str) -> dict[str, Any]:
        """What `/smtp text` is answered, for the asker alone."""
        return self._next(
            lambda: self.house.control(
                "command", channel=CHANNEL, user=PERSON, command="/smtp", text=text, appId=APP.app_id
            )
        )

    def press(self, message: dict[str, Any], action: str) -> dict[str, Any]:
        """What comes of a button."""
        return self._next(lambda: self.house.press(message, action))

    def open_thread(self, answer: dict[str, Any]) -> None:
        """The channel, with the thread of an answer beside it."""
        ts = str(answer["ts"])
        self._go(f"/archives/{CHANNEL}/p{ts.replace('.', '')}?thread_ts={answer['thread_ts']}&cid={CHANNEL}")
        self.page.locator(".thread-pane .bk-header").first.wait_for()

    def open_home(self) -> None:
        """The App Home."""
        self._go(f"/archives/{CHANNEL}")
        self.page.locator(".sidebar-item", has_text="smtpbot").click()
        self.page.get_by_text("What I keep").wait_for()

    def take(self, name: str, literals: list[str] | None = None) -> None:
        """The picture; `literals` are the texts of blocks to copy."""
        self.page.add_style_tag(content=STYLE)
        self.page.evaluate(DRAW, literals or [])
        self.page.mouse.move(0, 0)
        self.page.screenshot(path=self._folder / name)

    def _go(self, path: str) -> None:
        self.page.goto(f"http://127.0.0.1:{SLACK_PORT}{path}")

    def _next(self, do: Callable[[], Any]) -> dict[str, Any]:
        seen = [message["ts"] for message in self.house.messages()]
        do()
        return dict(wait_for(lambda: [m for m in self.house.messages() if m["ts"] not in seen])[-1])


def show_questions(desk: Desk) -> None:
    """A mention answered in its thread, and /smtp for the asker alone."""
    answer = desk.say(f"<@{APP.bot_user}> {PASTE}")
    desk.ask(FULL)
    desk.open_thread(answer)
    desk.take("slack.png")


def show_watching(desk: Desk) -> None:
    """A channel that is watched from now on; a log line answered unasked, and its drafts."""
    desk.ask("watch on")
    answer = desk.say(LISTED)
    drafts = desk.press(answer, "smtp_drafts")
    desk.open_thread(answer)
    texts = [block["elements"][0]["elements"][0]["text"] for block in drafts["blocks"] if block["type"] == "rich_text"]
    desk.page.set_viewport_size({"width": WIDTH, "height": 960})
    desk.take("slack-watched.png", texts)


def show_sharing(desk: Desk) -> None:
    """A private answer, and the same shared with the channel."""
    answer = desk.ask("550-5.1.1 The email account that you tried to reach does not exist")
    desk.press(answer, "smtp_share")
    desk.page.goto(f"http://127.0.0.1:{SLACK_PORT}/archives/{CHANNEL}")
    desk.page.get_by_text("Shared by").wait_for()
    desk.page.set_viewport_size({"width": WIDTH, "height": 560})
    desk.take("slack-shared.png")


def show_home(desk: Desk) -> None:
    """The App Home, the form that it opens, and the answer in the form's place."""
    desk.page.set_viewport_size({"width": WIDTH, "height": 680})
    desk.open_home()
    desk.take("slack-home.png")
    desk.page.get_by_role("button", name="Paste an error message").click()
    desk.page.locator(".modal input").first.fill(FULL)
    desk.page.locator(".modal-btn.primary").click()
    desk.page.locator(".modal .bk-header").wait_for()
    desk.take("slack-form.png")


def main(folder: Path) -> int:
    chromium = find_chromium()
    obstacle = find_obstacle() or (None if chromium else "chromium is not installed (Debian: apt install chromium)")
    if obstacle:
        print(obstacle, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as place:
        for show in (show_questions, show_watching, show_sharing, show_home):
            room = Path(place) / show.__name__
            room.mkdir()
            with open_house(room, {"http": APP}) as house:
                bot = house.start(sys.executable, "-c", SERVE, SMTPBOT_STATE_DIR=str(room / "state"), **APP.settings)
                try:
                    wait_for(lambda house=house: house.request(APP.port, "GET", "/readyz")[0] == 200, 30)  # type: ignore[misc]
                    _with_page(
                        house, str(chromium), lambda page, house=house, show=show: show(Desk(house, page, folder))
                    )  # type: ignore[misc]
                finally:
                    end(bot)
    print(f"{folder}/slack*.png are new pictures; look at them")
    return 0


def _with_page(house: House, chromium: str, show: Callable[[Page], None]) -> None:
    """Chromium starts inside the namespace, and is steered through its pipe from outside."""
    starter = house.folder / "chromium"
    starter.write_text(
        f'#!/bin/sh\nexec nsenter -t {house.holder} -U -n --preserve-credentials {chromium} "$@"\n', "utf-8"
    )
    starter.chmod(0o755)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=starter, args=list(FLAGS))
        show(browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce"))  # type: ignore[arg-type]
        browser.close()


SERVE = "import os, sys; from adapters.serve import run; sys.exit(run(['slack'], os.environ))"

if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"))

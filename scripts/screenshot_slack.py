"""Takes docs/slack.png: a conversation with the bot in the page of local-slack, by headless Chromium.

Needs scripts/install-local-slack and Debian's chromium. Runs in a network namespace of its own.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

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

PASTE = (
    "550-5.7.26 This mail has been blocked because the sender is unauthenticated. SPF [news.example.com] with ip: "
    "[192.0.2.7] = did not pass. DKIM = did not pass"
)
WIDTH, HEIGHT = 1400, 800
CHROMIUM = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=6000", f"--window-size={WIDTH},{HEIGHT}",
)  # fmt: skip


def converse(house: House) -> str:
    """Let a person ask twice; the path of the page that shows both answers."""
    app = APPS["http"]
    asked = house.control("message", channel=CHANNEL, user=PERSON, text=f"<@{app.bot_user}> {PASTE}")["message"]
    answer = wait_for(lambda: house.answers_to(asked["ts"], app))[0]
    before = len(house.messages())
    house.control(
        "command",
        channel=CHANNEL,
        user=PERSON,
        command="/smtp",
        text="452 4.2.2 <kim@example.com> mailbox full",
        appId=app.app_id,
    )
    wait_for(lambda: len(house.messages()) > before)
    return f"/archives/{CHANNEL}/p{answer['ts'].replace('.', '')}?thread_ts={asked['ts']}&cid={CHANNEL}"


def main(target: Path) -> int:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    obstacle = find_obstacle() or (None if chromium else "chromium is not installed (Debian: apt install chromium)")
    if obstacle:
        print(obstacle, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, open_house(Path(folder), {"http": APPS["http"]}) as house:
        bot = house.start(sys.executable, "-c", SERVE, **APPS["http"].settings)
        try:
            wait_for(lambda: house.request(APPS["http"].port, "GET", "/readyz")[0] == 200, 30)
            page = f"http://127.0.0.1:{SLACK_PORT}{converse(house)}"
            picture = Path(folder) / "slack.png"
            shot = house.start(
                str(chromium), *CHROMIUM, f"--user-data-dir={folder}/profile", f"--screenshot={picture}", page
            )
            shot.wait(60)
            time.sleep(0.2)
            if not picture.exists():
                print(house.logs[-1].read_text(), file=sys.stderr)
                return 1
            target.parent.mkdir(exist_ok=True)
            shutil.copy(picture, target)
        finally:
            end(bot)
    print(f"{target.relative_to(ROOT) if target.is_relative_to(ROOT) else target} is a new picture; look at it")
    return 0


SERVE = "import os, sys; from adapters.serve import run; sys.exit(run(['slack'], os.environ))"

if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "slack.png"))

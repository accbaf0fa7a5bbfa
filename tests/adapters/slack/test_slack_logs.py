"""Runs last: what the bot wrote while all other tests talked to it."""

import re

from tests.adapters.slack.house import APPS, House, Installed


def test_logs_of_all_tests_hold_no_secret_and_no_content(house: House, bots: dict[str, Installed]) -> None:
    """No token, signature, response_url, message text or address, with logging at its most talkative."""
    logs = {
        log.name: log.read_text("utf-8", "replace")
        for log in house.logs
        if "launcher" in log.name or "process" in log.name
    }
    assert logs and any("WARNING" in text for text in logs.values())
    forbidden = [value for app in APPS.values() for value in (app.bot_token, app.app_token, app.secret)]
    forbidden += [
        "v0=",
        "response_url",
        "_hooks",
        "/commands/T1",
        "secretpath",
        "13345224609",
        "User unknown",
        "mx.example.net",
    ]
    forbidden += [
        "robin",
        "kim@",
        "example.org",
        "evil.example",
        "are you there",
        "lunch?",
        "trigger_id",
        "xoxb-",
        "xapp-",
        "files-pri",
        "url_private",
        "bounce.eml",
    ]
    for name, text in logs.items():
        told = [line for line in text.splitlines() if any(word in line for word in forbidden)]
        told += [line for line in text.splitlines() if re.search(r"[\w.]@[\w-]+\.\w", line)]
        assert told == [], name

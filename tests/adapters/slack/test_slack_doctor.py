"""What `smtpbot doctor` says of Slack: with the Slack-compatible server, and with answers that it never gives."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import web

from adapters.checks import Check
from adapters.slack import doctor
from adapters.slack.oauth import NEEDED, SCOPES
from bot.settings import Settings
from tests.adapters.slack.house import APPS, House, Installed
from tests.timing import WITHIN

TOKEN, APP_TOKEN, SECRET = "xoxb-1-secret", "xapp-1-secret", "0123456789abcdef" * 2
ME = {"ok": True, "team": "Example", "team_id": "T1", "user": "smtpbot", "user_id": "U1"}
GRANTED = {"x-oauth-scopes": ",".join(SCOPES)}


def examine_in(house: House, app: Installed, **environment: str) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit status, and the checks about Slack by name."""
    listen = {"SMTPBOT_LISTEN": "127.0.0.1:0", "SMTPBOT_STATE_DIR": str(house.folder / "doctor")}
    started = house.start(sys.executable, "-m", "bot", "doctor", "--json", **(app.settings | listen | environment))
    status = started.wait(WITHIN)
    log = house.logs[-1].read_text("utf-8")
    for secret in (app.bot_token, app.app_token, app.secret, *environment.values()):
        assert secret not in log
    told = json.loads(log)
    return status, {check["name"]: check for check in told["checks"] if check["name"].startswith("slack")}


@pytest.mark.parametrize("name", ["http", "socket"])
def test_both_transports_are_well(house: House, name: str) -> None:
    """The server is not Slack's, which is said; it tells no scopes, which is said too."""
    status, found = examine_in(house, APPS[name])
    assert status == 0, found
    assert found["slack"]["state"] == found["slack scopes"]["state"] == "warning"
    assert found["slack bot token"]["told"].endswith("in the workspace Example")
    assert found["slack clock"]["state"] == "ok"
    assert ("slack app token" in found, "slack signing secret" in found) == (name == "socket", name == "http")
    assert found.get("slack app token", found["slack bot token"])["state"] == "ok"


class Answers:
    """A Web API that answers each method as it was told to, with the time of `clock`."""

    def __init__(self) -> None:
        self.methods: dict[str, tuple[dict[str, Any], dict[str, str]]] = {}
        self.clock, self.ahead = float(int(time.time())), 0.0  # a Date header has whole seconds
        self.asked: list[dict[str, str]] = []

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append({str(name): str(value) for name, value in (await request.post()).items()})
        body, headers = self.methods[request.match_info["method"]]
        return web.json_response(body, headers={"Date": formatdate(self.clock, usegmt=True), **headers})

    def examine(self, **settings: Any) -> dict[str, Check]:
        """The checks by name, but the one about the address."""

        async def run() -> list[Check]:
            app = web.Application()
            app.router.add_post("/api/{method}", self._answer)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            try:
                url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
                return await doctor.examine(Settings(slack_api_url=url, **settings), lambda: self.clock + self.ahead)
            finally:
                await runner.cleanup()

        checks = {check.name: check for check in asyncio.run(run())}
        assert all(secret not in repr(checks) for secret in (TOKEN, APP_TOKEN, SECRET))
        del checks["slack"]
        return checks


@pytest.fixture
def answers() -> Iterator[Answers]:
    """Everything as it should be."""
    made = Answers()
    made.methods = {"auth.test": (ME, GRANTED), "apps.connections.open": ({"ok": True, "url": "wss://x"}, {})}
    yield made


def test_granted_scopes_are_the_manifests(answers: Answers) -> None:
    """All of them is well."""
    checks = answers.examine(slack_bot_token=TOKEN, slack_app_token=APP_TOKEN)
    assert {check.state for check in checks.values()} == {"ok"}
    assert set(checks) == {"slack clock", "slack bot token", "slack scopes", "slack app token"}


def test_missing_scope_is_a_problem_and_another_one_a_warning(answers: Answers) -> None:
    """Slack grants what the app asked for when it was installed, which may be long ago."""
    answers.methods["auth.test"] = (ME, {"x-oauth-scopes": ", ".join(SCOPES[1:])})
    check = answers.examine(slack_bot_token=TOKEN, slack_app_token=APP_TOKEN)["slack scopes"]
    assert (
        check.state == "problem" and check.told == f"not granted: {SCOPES[0]}" and "install the app again" in check.mend
    )
    answers.methods["auth.test"] = (ME, {"x-oauth-scopes": ",".join((*SCOPES, "users:read"))})
    check = answers.examine(slack_bot_token=TOKEN, slack_app_token=APP_TOKEN)["slack scopes"]
    assert check.state == "warning" and check.told.endswith(": users:read")


def test_optional_scope_that_is_missing_tells_what_is_off(answers: Answers) -> None:
    """People may leave them out."""
    answers.methods["auth.test"] = (ME, {"x-oauth-scopes": ",".join(NEEDED)})
    check = answers.examine(slack_bot_token=TOKEN, slack_app_token=APP_TOKEN)["slack scopes"]
    assert check.state == "ok" and "without files:read: no uploaded files" in check.told


def test_refused_tokens(answers: Answers) -> None:
    """Each is named, with where to get another; Slack's scopes and time are taken from what it says."""
    answers.methods = {
        "auth.test": ({"ok": False, "error": "invalid_auth"}, {}),
        "apps.connections.open": ({"ok": False, "error": "not_allowed_token_type"}, {}),
    }
    checks = answers.examine(slack_bot_token=TOKEN, slack_app_token=APP_TOKEN)
    assert set(checks) == {"slack clock", "slack bot token", "slack app token"} and checks["slack clock"].state == "ok"
    assert checks["slack bot token"].told == "Slack refuses SLACK_BOT_TOKEN: invalid_auth"
    assert checks["slack app token"].told == "Slack refuses SLACK_APP_TOKEN: not_allowed_token_type"
    assert "OAuth & Permissions" in checks["slack bot token"].mend
    assert "connections:write" in checks["slack app token"].mend


def test_clock_that_is_wrong_is_a_problem(answers: Answers) -> None:
    """Signatures older than five minutes are refused."""
    answers.ahead = 400.0
    check = answers.examine(slack_bot_token=TOKEN, slack_signing_secret=SECRET)["slack clock"]
    assert check.state == "problem" and check.told.startswith("400 s ahead of Slack's")


@pytest.mark.parametrize(("secret", "state"), [(SECRET, "ok"), ("not-a-signing-secret", "warning")])
def test_signing_secret_is_looked_at(answers: Answers, secret: str, state: str) -> None:
    """Nothing but a request can prove it."""
    checks = answers.examine(slack_bot_token=TOKEN, slack_signing_secret=secret)
    assert checks["slack signing secret"].state == state and "slack app token" not in checks


@pytest.mark.parametrize(("error", "state"), [("invalid_code", "ok"), ("bad_client_secret", "problem")])
def test_credentials_for_many_workspaces_are_proven_without_an_installation(
    answers: Answers, error: str, state: str
) -> None:
    """A code that is none is refused after them."""
    answers.methods = {"oauth.v2.access": ({"ok": False, "error": error}, {})}
    checks = answers.examine(slack_client_id="1.2", slack_client_secret=SECRET, slack_signing_secret=SECRET)
    assert checks["slack credentials"].state == state and set(answers.methods) == {"oauth.v2.access"}
    assert answers.asked == [{"code": "0", "client_id": "1.2", "client_secret": SECRET}]


def test_slack_out_of_reach() -> None:
    """Network, name server or proxy."""
    checks = asyncio.run(doctor.examine(Settings(slack_bot_token=TOKEN, slack_api_url="http://127.0.0.1:1/api/")))
    assert [check.state for check in checks] == ["warning", "problem"]
    assert "cannot be reached" in checks[1].told and "HTTPS_PROXY" in checks[1].mend

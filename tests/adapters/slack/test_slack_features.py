"""Buttons, shortcuts, forms, App Home, watched channels, files and reactions, against a real Slack-compatible server."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.slack.home import EXAMPLES
from adapters.slack.responding import MAX_RESPONSES
from tests.adapters.slack.house import CHANNEL, PERSON, SLACK_PORT, House, Installed, wait_for

PASTE = "550 5.1.1 <robin@example.org>: Recipient address rejected: User unknown in virtual mailbox table"
REPORT = (
    b"From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered Mail Returned to Sender\r\n"
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
    b"Final-Recipient: rfc822; robin@example.org\r\nAction: failed\r\nStatus: 5.2.2\r\n"
    b"Diagnostic-Code: smtp; 552 5.2.2 Over quota\r\n\r\n--x--\r\n"
)


def say(house: House, text: str, **more: str) -> dict[str, Any]:
    """What a person writes into the channel."""
    return dict(house.control("message", channel=CHANNEL, user=PERSON, text=text, **more)["message"])


def private(house: House, app: Installed) -> list[dict[str, Any]]:
    """What only the person sees, oldest first."""
    return [m for m in house.messages() if m.get("ephemeral_to") == PERSON and m["user"] == app.bot_user]


def next_private(house: House, app: Installed, before: int) -> dict[str, Any]:
    """The first private message after so many."""
    return dict(wait_for(lambda: private(house, app)[before:])[0])


def ask(house: House, app: Installed, text: str = PASTE) -> dict[str, Any]:
    """The answer to `/smtp text`."""
    before = len(private(house, app))
    house.control("command", channel=CHANNEL, user=PERSON, command="/smtp", text=text, appId=app.app_id)
    return next_private(house, app, before)


def whole(message: Any) -> str:
    """Everything in a message."""
    return json.dumps(message, ensure_ascii=False)


# Buttons


def test_answer_is_shared_without_the_paste_and_with_addresses_masked(house: House, app: Installed) -> None:
    """Everybody sees the answer and who shared it; the private one goes away."""
    answer = ask(house, app)
    assert "robin@example.org" in whole(answer["text"])
    before = house.messages()
    house.press(answer, "smtp_share")
    shared = wait_for(lambda: [m for m in house.messages() if m not in before and not m.get("ephemeral_to")])[0]
    assert shared["user"] == app.bot_user and f"Shared by <@{PERSON}>" in whole(shared)
    assert "robin" not in whole(shared) and "virtual mailbox table" not in whole(shared)
    assert "550 5.1.1" in shared["text"] and "not repeated here" in shared["text"]
    wait_for(lambda: answer["ts"] not in [m["ts"] for m in house.messages()])
    assert "smtp_share" not in whole(shared) and "smtp_detail" in whole(shared)


def test_no_button_holds_the_paste_or_an_address(house: House, app: Installed) -> None:
    """They hold names of the knowledge, codes, and what sentences need of a server."""
    answer = ask(house, app)
    values = [
        element["value"] for block in answer["blocks"] for element in block.get("elements", ()) if "value" in element
    ]
    assert len(values) == 3
    assert "robin" not in "".join(values) and "rejected" not in "".join(values)


def test_more_detail_explains_the_codes(house: House, app: Installed) -> None:
    """What 550 and 5.1.1 mean by themselves, for the presser alone."""
    answer = ask(house, app)
    before = len(private(house, app))
    house.press(answer, "smtp_detail")
    wait_for(lambda: len(private(house, app)) == before + 2)
    titles = [message["text"].partition(":")[0] for message in private(house, app)[before:]]
    assert titles == ["550", "5.1.1"]


def test_drafts_are_ready_to_copy(house: House, app: Installed) -> None:
    """In blocks that are copied as they stand, beneath an answer that others read; to whom each goes stands above it."""
    sent = say(house, f"<@{app.bot_user}> {PASTE}")
    answer = wait_for(lambda: house.answers_to(sent["ts"], app))[0]
    before = len(private(house, app))
    house.press(answer, "smtp_drafts")
    drafts = next_private(house, app, before)
    literal = [block for block in drafts["blocks"] if block["type"] == "rich_text"]
    titled = [block["text"]["text"] for block in drafts["blocks"] if block["type"] == "section"]
    assert titled == ["*To your customer*"] and drafts["text"] == "A mail ready to send."
    assert len(literal) == 1 and all(b["elements"][0]["type"] == "rich_text_preformatted" for b in literal)


def test_drafts_hold_the_error_text_where_it_can_be_read_again(house: House, app: Installed) -> None:
    """In a thread they do, of the message that was answered; of what was asked in private nothing was kept, and they say so."""
    listed = "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org"
    parent = say(house, "a customer sent me this, what now?")
    say(house, PASTE, thread_ts=parent["ts"])
    say(house, f"<@{app.bot_user}> {listed}", thread_ts=parent["ts"])
    answers = (wait_for(lambda: house.answers_to(parent["ts"], app))[0], ask(house, app, listed))
    for answer, quoted in zip(answers, (True, False), strict=True):
        before = len(private(house, app))
        house.press(answer, "smtp_drafts")
        drafts = next_private(house, app, before)
        assert "192.0.2.7" in whole(drafts) and "robin" not in whole(drafts)
        assert ("blocked using zen.spamhaus.org" in whole(drafts)) is quoted
        assert ("I keep no text" in whole(drafts)) is not quoted


def test_vote_is_counted_once_for_each_person(house: House, http: Installed) -> None:
    """Pressing again changes the vote and is thanked for, too."""
    sent = say(house, f"<@{http.bot_user}> {PASTE}")
    answer = wait_for(lambda: house.answers_to(sent["ts"], http))[0]
    for number, value in enumerate(("right", "wrong")):
        before = len(private(house, http))
        house.press(answer, "smtp_vote", value=value)
        assert "thank you" in next_private(house, http, before)["text"], number


def test_button_of_another_version_is_told(house: House, http: Installed) -> None:
    """What cannot be brought again is said to be so, whatever the button holds."""
    for value in ("", "{}", '{"r":["a:zz:zz:zz:zz:::xxxxx"]}', '{"r":7}', "null", '{"r":["q:"],"v":[]}'):
        url = house.fresh(http)["response_url"]
        before = len(private(house, http))
        action = {"type": "button", "action_id": "smtp_drafts", "block_id": "b", "value": value}
        status, _ = house.interact(
            http, type="block_actions", actions=[action], response_url=url, channel={"id": CHANNEL},
            container={"type": "message", "channel_id": CHANNEL, "message_ts": "1.1"},
        )  # fmt: skip
        assert status == 200
        assert "no longer have" in next_private(house, http, before)["text"]


def test_detail_of_several_causes_comes_in_as_many_messages_as_slack_takes(house: House, http: Installed) -> None:
    """Three causes, each in full, and what their six codes mean by themselves."""
    replies = ("550 5.1.1 User unknown", "552 5.2.2 Mailbox full", "554 5.7.1 Relay access denied")
    several = "\n".join(
        f"Nov 20 10:00:00 mail postfix/smtp[12]: 4ABC{number}: to=<{number}@example.org>, relay=mx.example.org[192.0.2.9]:25, "
        f"dsn={reply.split()[1]}, status=bounced (host mx.example.org[192.0.2.9] said: {reply} (in reply to RCPT TO command))"
        for number, reply in enumerate(replies)
    )
    answer, before = ask(house, http, several), len(private(house, http))
    house.press(answer, "smtp_detail")
    wait_for(lambda: any("5.7.1:" in whole(m) for m in private(house, http)[before:]))
    told = private(house, http)[before:]
    assert 1 <= len(told) <= MAX_RESPONSES
    assert all(f'"{code}: ' in whole(told) for code in ("550", "5.1.1", "552", "5.2.2", "554", "5.7.1"))


# Shortcuts and forms


def test_message_shortcut_explains_the_message_for_the_picker(house: House, http: Installed) -> None:
    """Also what a bot attached to it; no right to read the channel is needed."""
    for message in ({"text": PASTE}, {"text": "", "attachments": [{"title": "Bounce", "text": PASTE}]}):
        url = house.fresh(http)["response_url"]
        before = len(private(house, http))
        status, _ = house.interact(
            http, type="message_action", callback_id="explain_bounce", trigger_id="1.2.3", response_url=url,
            channel={"id": CHANNEL}, message={"type": "message", "user": PERSON, "ts": "1.5", **message},
        )  # fmt: skip
        assert status == 200
        answer = next_private(house, http, before)
        assert "550 5.1.1" in answer["text"] and "smtp_share" in whole(answer)


def test_message_shortcut_on_nothing_says_so(house: House, http: Installed) -> None:
    """A message without text and files."""
    url, before = house.fresh(http)["response_url"], len(private(house, http))
    house.interact(
        http, type="message_action", callback_id="explain_bounce", trigger_id="1.2.3", response_url=url,
        channel={"id": CHANNEL}, message={"type": "message", "ts": "1.5", "text": ""},
    )  # fmt: skip
    assert "no text" in next_private(house, http, before)["text"]


def test_message_shortcut_reads_the_files_of_the_message(house: House, http: Installed) -> None:
    """A report that somebody uploaded."""
    message = house.upload("bounce.eml", REPORT)
    url, before = house.fresh(http)["response_url"], len(private(house, http)) + 1
    house.interact(
        http, type="message_action", callback_id="explain_bounce", trigger_id="1.2.3", response_url=url,
        channel={"id": CHANNEL}, message=message,
    )  # fmt: skip
    wait_for(lambda: any("552 5.2.2" in m["text"] for m in private(house, http)[before - 1 :]))


def test_form_opens_and_shows_the_answer_in_place(house: House, http: Installed) -> None:
    """The shortcut opens it at once; an empty one says what to do; a filled one becomes the answer."""
    opened = len(house.log("views.open"))
    assert house.interact(http, type="shortcut", callback_id="paste_bounce", trigger_id=house.fresh(http)["trigger_id"])[0] == 200  # fmt: skip
    view = [entry for entry in house.log("views.open") if entry["direction"] == "from_bot"][-1]["detail"]["view"]
    assert len(house.log("views.open")) > opened and view["callback_id"] == "smtp_form"
    inputs = {block["block_id"]: block["element"] for block in view["blocks"]}
    assert inputs["text"]["max_length"] == 3_000 and set(inputs["file"]["filetypes"]) >= {"eml", "msg"}

    def submit(text: str) -> dict[str, Any]:
        values = {"text": {"text": {"type": "plain_text_input", "value": text}}}
        sent = {"id": "V1", "type": "modal", "callback_id": "smtp_form", "state": {"values": values}}
        return house.interact(http, type="view_submission", view=sent)[1]

    assert submit("  ") == {"response_action": "errors", "errors": {"text": "Paste the error message, or add a file."}}
    shown = submit(PASTE)
    assert shown["response_action"] == "update" and shown["view"]["type"] == "modal"
    assert "robin@example.org" in whole(shown) and len(shown["view"]["blocks"]) <= 100
    assert "smtp_drafts" in whole(shown) and "smtp_share" not in whole(shown) and "smtp_vote" not in whole(shown)


def test_button_in_a_form_opens_another_over_it(house: House, http: Installed) -> None:
    """There is no channel to answer into."""
    trigger = house.fresh(http)["trigger_id"]
    house.interact(http, type="shortcut", callback_id="paste_bounce", trigger_id=trigger)
    value = json.dumps({"r": ["q:550 5.1.1"], "v": {}})
    action = {"type": "button", "action_id": "smtp_detail", "block_id": "b", "value": value}
    view = {"id": "V1", "type": "modal"}
    trigger = house.fresh(http)["trigger_id"]
    assert house.interact(http, type="block_actions", actions=[action], view=view, trigger_id=trigger)[0] == 200
    pushed = [entry for entry in house.log("views.push") if entry["direction"] == "from_bot"]
    assert "550" in whole(pushed[-1]["detail"])


# App Home


def test_home_shows_help_examples_settings_and_what_is_kept(house: House, app: Installed) -> None:
    """Drawn whenever somebody opens it, within Slack's limits."""
    house.control("open-home", user=PERSON, appId=app.app_id)
    published = wait_for(lambda: [e for e in house.log("views.publish") if e["direction"] == "from_bot"])[-1]["detail"]
    blocks = published["view"]["blocks"]
    assert published["user_id"] == PERSON and len(blocks) <= 100
    texts = [text["text"] for block in blocks for text in [block.get("text") or {}] if text]
    for asked in EXAMPLES:  # as a button, and nowhere a second time
        assert whole(blocks).count(f'"value": "{asked}"') == 1 and not any(f"`{asked}`" in text for text in texts)
    for words in (
        "explains mail errors",
        "Explain this bounce",
        "Watched channels",
        "Nothing you send is stored",
        "smtp_example_0",
    ):
        assert words in whole(blocks)
    assert {"type": "conversations_select", "action_id": "smtp_choose"}.items() <= blocks[-4]["elements"][0].items()


def test_examples_of_home_answer_in_a_modal(house: House, http: Installed) -> None:
    """Those that are shown, and no other text."""
    for value, shown in (("450 vs 550", "450 and 550"), ("<@U1> anything", "")):
        action = {"type": "button", "action_id": "smtp_example_2", "block_id": "b", "value": value}
        trigger = house.fresh(http)["trigger_id"]
        house.interact(
            http, type="block_actions", actions=[action], view={"id": "V1", "type": "home"}, trigger_id=trigger
        )
        opened = [entry for entry in house.log("views.open") if entry["direction"] == "from_bot"][-1]["detail"]
        assert shown in whole(opened) and "anything" not in whole(opened)


def test_channel_chosen_at_home_shows_its_setting_there(house: House, http: Installed) -> None:
    """To the chooser alone; the button there changes it, and the channel is told who did."""
    before = len(private(house, http))
    action = {
        "type": "conversations_select",
        "action_id": "smtp_choose",
        "block_id": "b",
        "selected_conversation": CHANNEL,
    }
    house.interact(http, type="block_actions", actions=[action], view={"id": "V1", "type": "home"}, trigger_id="1.2.3")
    offered = next_private(house, http, before)
    assert "do not watch" in offered["text"]
    try:
        house.press(offered, "smtp_watch_on")
        wait_for(lambda: [m for m in house.messages() if f"<@{PERSON}> switched me on" in m["text"]])
    finally:
        house.control("command", channel=CHANNEL, user=PERSON, command="/smtp", text="watch off", appId=http.app_id)
        wait_for(lambda: [m for m in house.messages() if f"<@{PERSON}> switched me off" in m["text"]])


# Watched channels


@pytest.fixture
def watching(house: House, app: Installed) -> Iterator[Installed]:
    """The bot, watching the channel."""
    assert "unasked" in ask(house, app, "watch on")["text"]
    try:
        yield app
    finally:
        assert "do not watch" in ask(house, app, "Watch  OFF")["text"]


def test_help_tells_what_else_the_command_understands(house: House, app: Installed) -> None:
    """Empty or asked for; not in a thread, where commands cannot be typed."""
    for text in ("", "help"):
        told = ask(house, app, text)
        assert "451" in told["text"] and "/smtp watch on" in whole(told) and "smtp_share" not in whole(told)
    sent = say(house, f"<@{app.bot_user}> help")
    assert "/smtp watch" not in whole(wait_for(lambda: house.answers_to(sent["ts"], app))[0])


def test_settings_are_told_and_changed_by_command(house: House, app: Installed) -> None:
    """Off at first; status and settings say so and offer the change; who switched it on is told to all."""
    for text in ("settings", "watch", "watch status", "watch please"):
        assert "do not watch" in ask(house, app, text)["text"]
    try:
        answer = ask(house, app, "watch on")
        assert "unasked" in answer["text"] and "smtp_watch_off" in whole(answer)
        assert any(f"<@{PERSON}> switched me on" in m["text"] for m in house.messages())
        assert "unasked" in ask(house, app, "settings")["text"]
    finally:
        ask(house, app, "watch off")


def test_watched_channel_hears_mail_errors_and_nothing_else(house: House, watching: Installed) -> None:
    """Pasted replies, questions about codes; silence to numbers in talk, to edits and to other bots."""
    pasted, asked = say(house, PASTE), say(house, "what does 421 4.7.0 mean?")
    talk = [
        say(house, text) for text in ("lunch at 12:50?", "room 550 is free", "invoice 5.1.1 over 451 USD", "thanks!")
    ]
    for sent in (pasted, asked):
        answer = wait_for(lambda sent=sent: house.answers_to(sent["ts"], watching))[0]  # type: ignore[misc]
        assert "robin@" not in whole(answer)
    house.control("edit-message", channel=CHANNEL, ts=talk[0]["ts"], user=PERSON, text=PASTE)
    house.control("delete-message", channel=CHANNEL, ts=talk[3]["ts"], user=PERSON)
    last = say(house, f"<@{watching.bot_user}> 451")
    wait_for(lambda: house.answers_to(last["ts"], watching))  # what came before it has been heard
    assert [house.answers_to(sent["ts"], watching) for sent in talk] == [[]] * len(talk)
    assert len(house.answers_to(pasted["ts"], watching)) == 1


def test_fault_of_ours_is_not_told_where_nobody_asked(house: House, http: Installed) -> None:
    """Neither by a line in a watched channel nor by a refusal that Slack would answer with retries; the log has it."""
    ask(house, http, "watch on")
    try:
        event = email(9, user=PERSON, files=[], text="boom kim@example.com")
        before = len(house.log("chat.postMessage"))
        assert house.deliver(http, event) == 200
        assert len(house.log("chat.postMessage")) == before
    finally:
        ask(house, http, "watch off")


def test_mention_in_a_watched_channel_is_answered_once(house: House, watching: Installed) -> None:
    """It comes as a message and as a mention."""
    sent = say(house, f"<@{watching.bot_user}> {PASTE}")
    wait_for(lambda: house.answers_to(sent["ts"], watching))
    last = say(house, f"<@{watching.bot_user}> 451")
    wait_for(lambda: house.answers_to(last["ts"], watching))
    assert len(house.answers_to(sent["ts"], watching)) == 1


def test_report_uploaded_to_a_watched_channel_is_answered_in_its_thread(house: House, watching: Installed) -> None:
    """Reports are; pictures, other files and files without a mail error are passed over."""
    report = house.upload("bounce.eml", REPORT)
    others = [
        house.upload("team.png", b"\x89PNG"),
        house.upload("notes.txt", b"buy milk"),
        house.upload("a.zip", b"PK"),
    ]
    answer = wait_for(lambda: house.answers_to(report["ts"], watching))[0]
    assert "552 5.2.2" in answer["text"] and "robin@" not in whole(answer)
    last = say(house, f"<@{watching.bot_user}> 451")
    wait_for(lambda: house.answers_to(last["ts"], watching))
    assert [house.answers_to(sent["ts"], watching) for sent in others] == [[]] * 3


def email(number: int, **more: Any) -> dict[str, Any]:
    """A message that Slack posts for an e-mail to the channel's address."""
    file = {
        "id": f"F{number}", "mode": "email", "filetype": "email", "mimetype": "text/html", "name": "Undelivered Mail",
        "plain_text": "The mail system\n\n<robin@example.org>: host mx.example.org[192.0.2.4] said: 550 5.1.1 User unknown",
    }  # fmt: skip
    return {
        "type": "message", "subtype": "file_share", "channel": CHANNEL, "channel_type": "channel", "user": "USLACKBOT",
        "ts": f"17901{number:05}.000100", "text": "", "files": [file], **more,
    }  # fmt: skip


def test_report_mailed_to_a_watched_channel_is_answered(house: House, http: Installed) -> None:
    """The one exception for a bot: Slack's own, with nothing but e-mails."""
    ask(house, http, "watch on")
    try:
        event = email(1)
        assert house.deliver(http, event) == 200
        assert "550 5.1.1" in house.answers_to(event["ts"], http)[0]["text"]
        picture = {"id": "F9", "mode": "hosted", "name": "a.eml"}
        for number, odd in enumerate(({"text": PASTE, "files": []}, {"files": [*email(2)["files"], picture]}, {"user": "U9", "bot_id": "B9"}), 2):  # fmt: skip
            event = email(number, **odd)
            assert house.deliver(http, event) == 200
            assert house.answers_to(event["ts"], http) == []
    finally:
        ask(house, http, "watch off")


def test_bot_that_is_not_in_the_channel_asks_to_be_invited(house: House, http: Installed) -> None:
    """And does not say that it watches."""
    status, answer = house.command(http, "watch on", channel_id="C0000000404")
    assert status == 200 and "/invite" in answer["text"]
    assert "do not watch" in house.command(http, "settings", channel_id="C0000000404")[1]["text"]


# Files


def test_file_in_a_direct_message_is_read(house: House, app: Installed) -> None:
    """In full, since nobody else reads it."""
    message = house.upload("bounce.eml", REPORT, channel=say_direct(house, app))
    answers = wait_for(lambda: [m for m in after(house, message) if m["user"] == app.bot_user])
    assert "552 5.2.2" in answers[0]["text"] and "robin@example.org" in whole(answers[0])


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("screen.png", b"\x89PNG", "picture"),
        ("report.pdf", b"%PDF", "do not read .pdf files"),
        ("big.log", b"x" * 10_000_001, "larger than 10 MB"),
        ("login.eml", b"<!DOCTYPE html><title>Sign in</title>", "files:read"),
    ],
)
def test_file_that_is_not_read_gets_a_clear_answer(house: House, http: Installed, name: str, content: bytes, told: str) -> None:  # fmt: skip
    """Which says what to do instead."""
    message = house.upload(name, content, channel=say_direct(house, http))
    answers = wait_for(lambda: [m for m in after(house, message) if m["user"] == http.bot_user])
    assert told in answers[0]["text"]


def test_file_elsewhere_is_never_asked_for(house: House, http: Installed) -> None:
    """The token goes to Slack's hosts only: no other host, port, scheme or user info, no deleted file."""
    channel = say_direct(house, http)
    origin = f"127.0.0.1:{SLACK_PORT}"
    for number, url in enumerate(
        ("http://evil.example/a.eml", f"http://{origin}@evil.example/a", "http://127.0.0.1:4199/a", "file:///etc/passwd", f"https://{origin}/a", "")
    ):  # fmt: skip
        file = {"id": "F1", "name": "a.eml", "size": 5, "mode": "hosted", "url_private": url}
        event = {
            "type": "message", "subtype": "file_share", "channel": channel, "channel_type": "im", "user": PERSON,
            "ts": f"17902{number:05}.000100", "text": "", "files": [file],
        }  # fmt: skip
        before = len(house.messages(channel))
        assert house.deliver(http, event, f"EvF{number}") == 200
        assert "could not be fetched" in house.messages(channel)[before]["text"]


# Threads and reactions


def test_bare_mention_in_a_thread_explains_what_the_thread_began_with(house: House, app: Installed) -> None:
    """As text, and as a file."""
    for parent in (say(house, PASTE), house.upload("bounce.eml", REPORT)):
        say(house, f"<@{app.bot_user}>", thread_ts=parent["ts"])
        answer = wait_for(lambda parent=parent: house.answers_to(parent["ts"], app))[0]  # type: ignore[misc]
        assert re.search(r"550 5\.1\.1|552 5\.2\.2", answer["text"])


def test_magnifying_glass_asks_for_an_explanation_once(house: House, app: Installed) -> None:
    """However many people put it there; other reactions ask nothing."""
    sent = say(house, f"look: {PASTE}")
    house.control("reaction", channel=CHANNEL, ts=sent["ts"], user=PERSON, name="eyes", present=True)
    for user in (PERSON, "U0000000002"):
        house.control("reaction", channel=CHANNEL, ts=sent["ts"], user=user, name="mag", present=True)
    wait_for(lambda: house.answers_to(sent["ts"], app))
    last = say(house, f"<@{app.bot_user}> 451")
    wait_for(lambda: house.answers_to(last["ts"], app))
    assert len(house.answers_to(sent["ts"], app)) == 1


def test_magnifying_glass_on_what_is_no_mail_error_is_left_alone(house: House, app: Installed) -> None:
    """People mark messages so for other reasons; a file is read, and a reply is answered in its thread."""
    plain, parent, report = say(house, "lunch?"), say(house, "look:"), house.upload("bounce.eml", REPORT)
    for sent in (plain, say(house, PASTE, thread_ts=parent["ts"]), report):
        house.control("reaction", channel=CHANNEL, ts=sent["ts"], user=PERSON, name="mag", present=True)
    for sent in (parent, report):
        wait_for(lambda sent=sent: house.answers_to(sent["ts"], app))  # type: ignore[misc]
    assert house.answers_to(plain["ts"], app) == []


def test_magnifying_glass_on_an_answer_of_ours_asks_nothing(house: House, http: Installed) -> None:
    """No talk with oneself."""
    sent = say(house, f"<@{http.bot_user}> 451")
    answer = wait_for(lambda: house.answers_to(sent["ts"], http))[0]
    house.control("reaction", channel=CHANNEL, ts=answer["ts"], user=PERSON, name="mag", present=True)
    last = say(house, f"<@{http.bot_user}> 452")
    wait_for(lambda: house.answers_to(last["ts"], http))
    assert len(house.answers_to(sent["ts"], http)) == 1


def say_direct(house: House, app: Installed) -> str:
    """The channel of the direct messages with a bot."""
    return str(house.control("message", channel=app.bot_user, user=PERSON, text="help")["message"]["channel"])


def after(house: House, message: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages of a channel that came after one."""
    return [m for m in house.messages(message["channel"]) if float(m["ts"]) > float(message["ts"])]

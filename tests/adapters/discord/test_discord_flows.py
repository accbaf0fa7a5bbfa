"""What people do in Discord and what they get, over the real client; asserted on the requests it sends."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.discord.conftest import GUILD
from tests.adapters.discord.double import BOT, Double, Reply, message, new_id, user
from tests.adapters.discord.house import Person, attach, read_log

MAILS = Path(__file__).parents[2] / "mails"
EPHEMERAL = 64
SUPPRESS_EMBEDS = 4
BOUNCE = "550 5.1.1 <robin.lee@example.org>: Recipient address rejected: User unknown"
LISTED = "550 5.7.1 Service unavailable; client [192.0.2.77] blocked using zen.spamhaus.org"


def text_of(body: dict[str, Any]) -> str:
    """All text of a message, without the backslashes before Markdown."""
    texts = [body.get("content") or ""]
    for embed in body.get("embeds") or ():
        texts += [embed.get("title", ""), embed.get("description", "")]
        texts += [f"{field['name']}: {field['value']}" for field in embed.get("fields", ())]
    return "\n".join(texts).replace("\\", "")


def labels(body: dict[str, Any]) -> list[str]:
    return [button["label"] for row in body.get("components") or () for button in row["components"]]


# Commands


def test_slash_is_answered_for_the_asker_alone(kim: Person) -> None:
    """One response, ephemeral, with an embed, buttons and no mention allowed."""
    asked = kim.slash("451")
    response = asked.response()
    assert response["type"] == 4 and response["data"]["flags"] == EPHEMERAL
    assert response["data"]["embeds"][0]["title"].startswith("451")
    assert response["data"]["allowed_mentions"]["parse"] == []
    assert labels(response["data"]) == ["Share", "This was right", "This was wrong"]
    assert len(asked.callbacks()) == 1


def test_slash_shows_addresses_in_full(kim: Person) -> None:
    """Only the asker reads it."""
    answer = kim.slash("what is this? " + BOUNCE).answer()
    assert "robin.lee@example.org" in text_of(answer)
    assert labels(answer) == ["Share", "More detail", "Drafts", "This was right", "This was wrong"]


def test_no_button_carries_anything_of_the_paste(kim: Person) -> None:
    """A custom_id has 100 characters at most, and no word of the text."""
    answer = kim.slash(BOUNCE).answer()
    ids = [button["custom_id"] for row in answer["components"] for button in row["components"]]
    assert all(len(identifier) <= 100 for identifier in ids)
    assert not any(word in identifier for identifier in ids for word in ("robin", "example", "unknown"))


def test_slash_without_anything_opens_the_form(kim: Person) -> None:
    """A modal with room for 4,000 characters and a file."""
    response = kim.slash().response()
    assert response["type"] == 9 and response["data"]["custom_id"] == "smtp:form"
    text, file = (row["component"] for row in response["data"]["components"])
    assert (text["type"], text["style"], text["max_length"], text["required"]) == (4, 2, 4_000, False)
    assert (file["type"], file["required"], file["max_values"]) == (19, False, 1)


def test_form_is_answered(kim: Person) -> None:
    """Also by a process that never opened one."""
    assert "robin.lee" in text_of(kim.submit(BOUNCE).answer())


def test_empty_form_brings_the_usage(kim: Person) -> None:
    """Rather than silence."""
    assert "explains mail errors" in text_of(kim.submit("").answer())


def test_form_with_a_file(kim: Person, double: Double) -> None:
    """The file is read; the response is deferred until it is."""
    raw = (MAILS / "outlook-com-blocked-s3150.eml").read_bytes()
    asked = kim.submit("", attach(double, "bounce.eml", raw))
    assert asked.response()["type"] == 5 and asked.response()["data"]["flags"] == EPHEMERAL
    assert "Outlook.com has the sending network" in text_of(asked.answer())


def test_autocomplete_shows_codes_with_titles(kim: Person) -> None:
    """What begins so, then whose title says so; 25 at most."""
    response = kim.autocomplete("55").response()
    choices = response["data"]["choices"]
    assert response["type"] == 8 and 5 < len(choices) <= 25
    assert all(len(c["name"]) <= 100 and len(c["value"]) <= 100 for c in choices)
    assert choices[0]["value"] == "550" and choices[0]["name"].startswith("550: ")
    assert {"5.7.26"} <= {c["value"] for c in kim.autocomplete("5.7.2").response()["data"]["choices"]}
    assert {"550 5.7.1"} <= {c["value"] for c in kim.autocomplete("550 5.7").response()["data"]["choices"]}
    assert any("ailbox" in c["name"] for c in kim.autocomplete("mailbox full").response()["data"]["choices"])
    assert kim.autocomplete("x" * 500).response()["data"]["choices"] == []


def test_message_command_explains_text_embeds_and_forwarded_messages(kim: Person) -> None:
    """Whatever the message holds, for the asker alone."""
    robot = user(new_id(), "alerts", bot=True)
    plain = message(BOUNCE, robot, GUILD.text)
    embed = message(
        "", robot, GUILD.text, embeds=[{"type": "rich", "title": "Bounce", "description": BOUNCE, "fields": []}]
    )
    forwarded = message("", robot, GUILD.text, message_snapshots=[{"message": message(BOUNCE, robot, GUILD.text)}])
    for target in (plain, embed, forwarded):
        asked = kim.explain(target)
        assert "550 5.1.1" in text_of(asked.answer())
        assert asked.response()["data"]["flags"] == EPHEMERAL


def test_message_command_reads_files(kim: Person, double: Double) -> None:
    """The files of the message."""
    raw = (MAILS / "outlook-com-blocked-s3150.eml").read_bytes()
    target = message("see", user(new_id()), GUILD.text, attachments=[attach(double, "a.eml", raw)])
    assert "Outlook.com" in text_of(kim.explain(target).answer())


@pytest.mark.parametrize("kind", ["eml", "msg", "txt", "log", "json"])
def test_all_kinds_of_files_are_read(kim: Person, double: Double, kind: str) -> None:
    """Whatever type Discord thinks they are of."""
    raw = (
        json.dumps({"event": "bounce", "email": "kim@example.com", "reason": BOUNCE}).encode()
        if kind == "json"
        else BOUNCE.encode()
    )
    assert "User unknown" in text_of(kim.slash(file=attach(double, f"x.{kind.upper()}", raw)).answer())


def test_files_that_are_not_read_are_named_with_the_reason(kim: Person, double: Double) -> None:
    """Too large, larger than said, gone, a picture, another kind; nothing is fetched that is too large."""
    before = len(double.requests)
    assert "10 MB" in text_of(kim.slash(file=attach(double, "big.log", b"", size=10_000_001)).answer())
    assert double.sent("GET", "/files/.*", before) == []
    assert "10 MB" in text_of(kim.slash(file=attach(double, "lying.log", b"550 " * 2_600_000, size=5)).answer())
    assert "could not be fetched" in text_of(kim.slash(file=attach(double, "gone.eml", b"", status=404)).answer())
    assert "pictures" in text_of(kim.slash(file=attach(double, "screen.png", b"x")).answer())
    other = Person(double, GUILD)
    assert ".exe" in text_of(other.slash(file=attach(double, "a.exe", b"x")).answer())
    assert "no readable text" in text_of(other.slash(file=attach(double, "a.log", b"\x00\x01" * 900)).answer())
    wrong = "550 5.1.1 Empf\u00e4nger unbekannt".encode("latin-1")
    assert "550 5.1.1" in text_of(other.slash(file=attach(double, "a.txt", wrong)).answer())


def test_everything_works_in_direct_messages_and_for_user_installs(dm: Person) -> None:
    """No server is needed."""
    assert dm.slash("550 5.7.26", context=2).answer()["embeds"]


def test_fault_of_ours_is_told_with_a_number_that_the_log_has(
    kim: Person, running: tuple[Double, subprocess.Popen[bytes]]
) -> None:
    """And with nothing of the text."""
    told = text_of(kim.slash("boom kim@example.com").answer())
    identifier = told.rsplit(" ", 1)[1].strip(".")
    assert f"id {identifier}" in read_log(running[1])


# Mentions and direct messages


def test_mention_is_answered_in_place_with_addresses_masked(kim: Person) -> None:
    """A reply to the message that pings nobody."""
    said = kim.say(BOUNCE, mention=True)
    (answer,) = kim.answers_to(said)
    assert str(answer["message_reference"]["message_id"]) == said["id"]
    assert answer["message_reference"]["fail_if_not_exists"] is False
    assert answer["allowed_mentions"] == {"parse": [], "replied_user": False}
    assert "550 5.1.1" in answer["embeds"][0]["title"]
    assert "robin" not in text_of(answer) and "r•••@example.org" in text_of(answer)
    assert "Share" not in labels(answer) and "Drafts" in labels(answer)


def test_mention_in_a_thread_is_answered_there(kim: Person) -> None:
    """The thread is the channel."""
    assert kim.answers_to(kim.say("what is 550?", GUILD.thread, mention=True))


def test_mention_that_says_nothing_by_itself_explains_what_it_replies_to(kim: Person, double: Double) -> None:
    """Bare or with words; brought with the event or fetched."""
    target = message(BOUNCE, user(new_id()), GUILD.text, GUILD.id)
    double.messages[target["id"]] = target
    reference = {"message_id": target["id"], "channel_id": GUILD.text, "guild_id": GUILD.id}
    for words, more in (
        ("", {"referenced_message": target}),
        ("what does that mean?", {"referenced_message": target}),
        ("", {}),
    ):
        said = kim.say(words, mention=True, type=19, message_reference=reference, **more)
        assert "550 5.1.1" in text_of(kim.answers_to(said)[0])
    own = kim.say("what is 421?", mention=True, type=19, message_reference=reference, referenced_message=target)
    assert "421" in kim.answers_to(own)[0]["embeds"][0]["title"]


def test_message_that_discord_does_not_show_is_pointed_to_the_message_command(kim: Person) -> None:
    """Without the message content intent others' messages come empty."""
    target = message("", user(new_id()), GUILD.text, GUILD.id)
    reference = {"message_id": target["id"], "channel_id": GUILD.text, "guild_id": GUILD.id}
    said = kim.say("", mention=True, type=19, message_reference=reference, referenced_message=target)
    assert "Explain this bounce" in text_of(kim.answers_to(said)[0])


def test_mention_with_files_answers_each(kim: Person, double: Double) -> None:
    """One message each, three at most; the rest is named."""
    files = [
        attach(double, f"{n}.txt", line.encode())
        for n, line in enumerate((BOUNCE, LISTED, "452 4.2.2 mailbox full", "421 try later"))
    ]
    answers = kim.answers_to(kim.say("please", mention=True, attachments=files), 4)
    assert (
        "550 5.1.1" in text_of(answers[0])
        and "zen.spamhaus.org" in text_of(answers[1])
        and "4.2.2" in text_of(answers[2])
    )
    assert "first 3 files" in text_of(answers[3])


def test_direct_message_is_answered_in_full(dm: Person) -> None:
    """Nobody else reads it, so addresses stand in full."""
    assert "robin.lee@example.org" in text_of(dm.answers_to(dm.say(BOUNCE))[0])


def test_forwarded_bounce_in_a_direct_message(dm: Person) -> None:
    """Its text stands in the forwarded part."""
    forwarded = message(BOUNCE, user(new_id()), GUILD.text)
    assert "550 5.1.1" in text_of(dm.answers_to(dm.say("", message_snapshots=[{"message": forwarded}]))[0])


def test_talk_that_is_not_for_the_bot_is_passed_over(kim: Person, double: Double) -> None:
    """No mention, a mention of everyone, a bot, a webhook: nothing is sent; the next question is answered."""
    before = len(double.requests)
    kim.say("550 5.1.1 user unknown")
    kim.say("@everyone 550 5.1.1", mention_everyone=True)
    kim.say("550", mention=True, webhook_id="5")
    robot = user(new_id(), "robot", bot=True)
    made = message(f"<@{BOT}> 550", robot, GUILD.text, GUILD.id, mentions=[user(BOT, "smtpbot", bot=True)])
    double.dispatch("MESSAGE_CREATE", made, GUILD.id)
    kim.slash("550").answer()
    assert double.sent("POST", r"/channels/.*", before) == []


@pytest.mark.parametrize(
    "paste", ["@everyone 550 5.1.1 <@123> @here unknown", "<@&9> 550 5.7.1 [x](https://evil.example) # big"]
)
def test_no_paste_pings_or_links(kim: Person, paste: str) -> None:
    """Whatever a paste holds, in public."""
    (answer,) = kim.answers_to(kim.say(paste, mention=True))
    assert answer["allowed_mentions"] == {"parse": [], "replied_user": False}
    assert "@everyone" not in json.dumps(answer) and "](https://evil" not in json.dumps(answer)


def test_same_delivery_twice_is_answered_once(kim: Person, double: Double) -> None:
    """The gateway may bring an event again after a resume."""
    before = len(double.requests)
    said = kim.say("what is 421?", mention=True)
    double.dispatch("MESSAGE_CREATE", said, GUILD.id)
    kim.answers_to(said)
    kim.slash("421").answer()
    assert len(double.sent("POST", r"/channels/.*/messages", before)) == 1


# Buttons


def test_share_posts_the_answer_without_any_address(kim: Person, double: Double) -> None:
    """In public, once, naming who shared it."""
    shown = kim.slash(LISTED + " <robin.lee@example.org>").shown()
    shared = kim.press(shown, "share").response()["data"]
    assert not (shared.get("flags") or 0) & EPHEMERAL
    assert f"<@{kim.id}>" in shared["content"] and shared["allowed_mentions"]["parse"] == []
    assert "192.0.2.77" in text_of(shared) and "robin" not in text_of(shared)
    assert "Share" not in labels(shared)
    again = kim.press(shown, "share").response()["data"]
    assert again["flags"] & EPHEMERAL and "already" in text_of(again)


def test_drafts_are_made_from_the_message_itself(kim: Person) -> None:
    """The values that the answer shows stand in the drafts; nothing was remembered."""
    shown = kim.slash(LISTED).shown()
    assert "IP address `192.0.2.77`" in text_of(shown)
    drafts = kim.press(shown, "drafts").response()["data"]
    assert drafts["flags"] & EPHEMERAL
    assert [embed["title"] for embed in drafts["embeds"]] == ["To your customer", "To the other side's postmaster"]
    assert "192.0.2.77" in text_of(drafts)
    shown["embeds"][0]["fields"][0]["value"] = "IP address `198.51.100.9`"
    assert "198.51.100.9" in text_of(kim.press(shown, "drafts").response()["data"])


def test_more_detail_says_what_the_codes_mean(kim: Person) -> None:
    """By the standard, apart from this text; for the presser alone, also beneath a public answer."""
    said = kim.say(LISTED, mention=True)
    kim.answers_to(said)
    public = next(
        m
        for m in kim.double.messages.values()
        if m["channel_id"] == GUILD.text and m["components"] and "192.0.2.77" in text_of(m)
    )
    asked = kim.press(public, "detail")
    told = asked.response()["data"]
    assert told["flags"] & EPHEMERAL
    assert "550" in told["embeds"][0]["title"]


def test_each_cause_of_several_has_its_button(kim: Person) -> None:
    """Three causes at most, each brought again by itself."""
    line = "Oct 10 12:00:01 mx1 postfix/smtp[1]: 4F2A31B0C7: to=<{}>, relay=mx.example.com[192.0.2.1]:25, delay=1, dsn={}, status=bounced (host mx.example.com[192.0.2.1] said: {})"
    unknown = line.format("kim@example.com", "5.1.1", "550 5.1.1 User unknown (in reply to RCPT TO command)")
    full = line.format("ann@example.com", "4.2.2", "452 4.2.2 mailbox full (in reply to RCPT TO command)")
    shown = kim.submit(f"{unknown}\n{full}").shown()
    assert "Cause 2 in detail" in labels(shown)
    first, second = (text_of(kim.press(shown, "detail", number).response()["data"]) for number in (0, 1))
    assert {"5.1.1" in first, "5.1.1" in second} == {"4.2.2" in first, "4.2.2" in second} == {True, False}


def test_votes_are_thanked_for(kim: Person) -> None:
    """And may be changed."""
    shown = kim.slash("451").shown()
    for action in ("right", "wrong"):
        told = kim.press(shown, action).response()["data"]
        assert told["flags"] & EPHEMERAL and "thank you" in text_of(told)


def test_button_of_an_unknown_answer_says_so(kim: Person) -> None:
    """An entry that a newer version no longer has, or a made-up reference."""
    shown = kim.slash("451").shown()
    data = {"custom_id": "smtp:detail:a:0:0:0:0:550:5.1.1:pfcou", "component_type": 2}
    shown["components"][0]["components"][0]["custom_id"] = data["custom_id"]
    assert "ask again" in text_of(kim.interact(3, data, message=shown).response()["data"])


# Watched channels


def test_channels_are_watched_where_managers_chose_so(double: Double) -> None:
    """Threads and forum posts of them too; silent otherwise, and elsewhere."""
    manager = Person(double, GUILD, permissions=str(1 << 5))
    menu = manager.interact(2, {"id": "3", "name": "smtp-settings", "type": 1, "options": []}).response()["data"]
    (select,) = menu["components"][0]["components"]
    assert (select["type"], select["custom_id"], select["max_values"], select["min_values"]) == (8, "smtp:watch", 25, 0)
    assert menu["flags"] & EPHEMERAL
    choose(manager, menu, GUILD.text, GUILD.forum)
    kim = Person(double, GUILD)
    before = len(double.requests)
    for quiet in ("lunch?", "ticket #550 is done", "PHP 5.5.3 on the old box"):
        kim.say(quiet)
    kim.say(BOUNCE, GUILD.other)
    for channel in (GUILD.text, GUILD.thread, GUILD.post):
        (answer,) = kim.answers_to(kim.say(BOUNCE, channel))
        assert "robin" not in text_of(answer) and answer["allowed_mentions"]["replied_user"] is False
    assert len(double.sent("POST", "/channels/.*/messages", before)) == 3
    again = manager.interact(2, {"id": "3", "name": "smtp-settings", "type": 1, "options": []}).response()["data"]
    assert {value["id"] for value in again["components"][0]["components"][0]["default_values"]} >= {
        int(GUILD.text)
    } or again
    choose(manager, again)
    kim.say(BOUNCE)
    kim.slash("550").answer()
    assert len(double.sent("POST", "/channels/.*/messages", before)) == 3


def choose(manager: Person, menu: dict[str, Any], *channels: str) -> None:
    shown = message("", user(BOT, "smtpbot", bot=True), GUILD.text) | {"components": menu["components"]}
    found = {c: {"id": c, "type": 0, "name": "x", "permissions": "0"} for c in channels}
    data = {"custom_id": "smtp:watch", "component_type": 8, "values": list(channels), "resolved": {"channels": found}}
    told = text_of(manager.interact(3, data, message=shown).response()["data"])
    assert ("No channel" in told) is not bool(channels)


def test_only_managers_choose_channels(kim: Person) -> None:
    """Whoever the command was opened to by mistake."""
    told = kim.interact(2, {"id": "3", "name": "smtp-settings", "type": 1, "options": []}).response()["data"]
    assert "manage the server" in text_of(told) and not told.get("components")


# Where things go wrong


def test_plain_text_where_embeds_are_not_allowed(bare: Person) -> None:
    """In mentions and commands, with links that show no preview."""
    (answer,) = bare.answers_to(bare.say("what is 451?", mention=True))
    assert answer["content"].startswith("**451") and not answer.get("embeds")
    assert answer["flags"] & SUPPRESS_EMBEDS
    told = bare.slash("451").response()["data"]
    assert told["content"].startswith("**451") and not told.get("embeds")
    shared = bare.press(bare.slash("451").shown(), "share")
    assert shared.response()["data"]["content"].startswith("-# Shared by")
    assert shared.followups(1)[0]["content"].startswith("**451")


@pytest.mark.parametrize("code", [50_013, 50_006])
def test_embeds_that_are_refused_are_sent_as_text(kim: Person, double: Double, code: int) -> None:
    """One more try, not more."""
    double.script(
        "POST", f"/channels/{GUILD.other}/messages", Reply(403, {"code": code, "message": "Missing Permissions"})
    )
    before = len(double.requests)
    said = kim.say("what is 451?", GUILD.other, mention=True)
    double.wait(lambda: len(double.sent("POST", f"/channels/{GUILD.other}/messages", before)) == 2)
    first, second = (r.body for r in double.sent("POST", f"/channels/{GUILD.other}/messages", before))
    assert (
        first["embeds"]
        and second["content"].startswith("**451")
        and str(second["message_reference"]["message_id"]) == said["id"]
    )


def test_channel_where_nothing_may_be_written_is_left_alone(kim: Person, double: Double) -> None:
    """Two requests; the next question is answered."""
    refusal = Reply(403, {"code": 50_013, "message": "Missing Permissions"})
    double.script("POST", f"/channels/{GUILD.other}/messages", refusal, refusal)
    before = len(double.requests)
    kim.say("what is 451?", GUILD.other, mention=True)
    double.wait(lambda: len(double.sent("POST", f"/channels/{GUILD.other}/messages", before)) == 2)
    assert kim.slash("451").answer()
    assert len(double.sent("POST", f"/channels/{GUILD.other}/messages", before)) == 2


def test_without_the_history_the_answer_quotes_nothing(kim: Person, double: Double) -> None:
    """Error 160002: the bot may write, but not reply."""
    double.script("POST", f"/channels/{GUILD.other}/messages", Reply(403, {"code": 160_002, "message": "Cannot reply"}))
    before = len(double.requests)
    kim.say("what is 451?", GUILD.other, mention=True)
    double.wait(lambda: len(double.sent("POST", f"/channels/{GUILD.other}/messages", before)) == 2)
    again = double.sent("POST", f"/channels/{GUILD.other}/messages", before)[1].body
    assert again["embeds"] and not again.get("message_reference")


@pytest.mark.parametrize(
    ("status", "code", "text"), [(404, 10_062, "Unknown interaction"), (404, 10_008, "Unknown Message"), (400, 40_060, "already acknowledged")]
)  # fmt: skip
def test_interaction_that_is_gone_is_let_go(kim: Person, double: Double, status: int, code: int, text: str) -> None:
    """One attempt; the next command is answered."""
    double.script("POST", "/interactions/.*/callback", Reply(status, {"code": code, "message": text}))
    late = kim.slash("451")
    late.response()
    assert kim.slash("451").answer()
    assert len(late.callbacks()) == 1


def test_late_file_ends_with_one_attempt(kim: Person, double: Double) -> None:
    """The deferred response comes too late: nothing more is sent for it."""
    double.script("POST", "/interactions/.*/callback", Reply(404, {"code": 10_062, "message": "Unknown interaction"}))
    before = len(double.requests)
    late = kim.slash(file=attach(double, "a.log", BOUNCE.encode()))
    late.response()
    assert kim.slash("451").answer()
    assert double.sent("GET", "/files/.*", before) == [] and double.sent("PATCH", "/webhooks/.*", before) == []


def test_rate_limit_is_waited_for(kim: Person, double: Double) -> None:
    """429 with retry_after: the same answer, later."""
    double.script(
        "POST", f"/channels/{GUILD.text}/messages", Reply(429, {"retry_after": 0.2, "global": False, "message": "slow"})
    )
    before = len(double.requests)
    kim.say("what is 421?", mention=True)
    double.wait(lambda: len(double.sent("POST", f"/channels/{GUILD.text}/messages", before)) == 2)
    first, second = double.sent("POST", f"/channels/{GUILD.text}/messages", before)
    assert first.body == second.body and second.at - first.at >= 0.2


def test_fault_of_discords_is_tried_again(kim: Person, double: Double) -> None:
    """A 502, then the answer."""
    double.script("POST", f"/channels/{GUILD.text}/messages", Reply(502, {"message": "bad gateway"}))
    before = len(double.requests)
    kim.say("what is 421?", mention=True)
    double.wait(lambda: len(double.sent("POST", f"/channels/{GUILD.text}/messages", before)) == 2)


def test_reconnect_resumes_and_invalid_session_identifies_anew(kim: Person, double: Double) -> None:
    """Op 7, a connection that breaks, op 9: the bot answers after each."""
    identified, resumed = len(double.identifies), len(double.resumes)
    double.send_raw(double.sessions[0], {"op": 7, "d": None, "t": None, "s": None})
    double.wait(lambda: len(double.resumes) == resumed + 1 and double.sessions)
    assert kim.slash("451").answer()
    double.close_session(double.sessions[0], 4000)
    double.wait(lambda: len(double.resumes) == resumed + 2 and double.sessions)
    assert kim.slash("451").answer()
    double.send_raw(double.sessions[0], {"op": 9, "d": False, "t": None, "s": None})
    double.wait(lambda: len(double.identifies) == identified + 1 and double.sessions)
    assert kim.slash("451").answer()
    assert double.identifies[-1][1]["intents"] == 37_377


def test_one_slow_down_then_quiet(double: Double) -> None:
    """The sixth question at once is told to wait, the seventh gets nothing; another person is answered."""
    hasty = Person(double, GUILD)
    before = len(double.requests)
    said = [hasty.write("what is 451?", mention=True) for _ in range(9)]
    double.dispatch_all("MESSAGE_CREATE", said, GUILD.id)
    double.wait(lambda: len(double.sent("POST", "/channels/.*/messages", before)) == 6)
    assert "a lot at once" not in text_of(Person(double, GUILD).slash("451").answer())
    told = [text_of(r.body) for r in double.sent("POST", "/channels/.*/messages", before)]
    assert len(told) == 6 and ["a lot at once" in text for text in told].count(True) == 1


def test_every_command_beyond_the_pace_is_told_to_wait(double: Double) -> None:
    """A command without a response is shown as a failure of the application."""
    hasty = Person(double, GUILD)
    told = [text_of(hasty.slash("451").answer()) for _ in range(9)]
    assert ["a lot at once" in text for text in told][-3:] == [True, True, True]


def test_identify_asks_for_no_more_than_is_needed(double: Double) -> None:
    """Servers, messages, direct messages; message content because this bot may watch channels."""
    assert {told["intents"] for _, told in double.identifies} == {37_377}
    assert {tuple(told["shard"]) for _, told in double.identifies} == {(0, 1)}


def test_long_texts_do_not_hold_up_others(kim: Person, double: Double) -> None:
    """A file that takes a while is read beside the answers to others."""
    slow = kim.slash(file=attach(double, "a.log", (BOUNCE + "\n").encode() * 60_000))
    slow.response()
    begun = time.monotonic()
    assert Person(double, GUILD).slash("451").answer()
    assert time.monotonic() - begun < 2.5
    assert slow.answer()

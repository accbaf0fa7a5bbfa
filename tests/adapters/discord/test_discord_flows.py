"""What people do in Discord and what they get, over the real client; asserted on the requests it sends."""

import json
from pathlib import Path

import pytest

from tests.adapters.discord.conftest import GUILD
from tests.adapters.discord.double import BOT, Double, message, user
from tests.adapters.discord.house import Person, attach

MAILS = Path(__file__).parents[2] / "mails"
EPHEMERAL = 64
BOUNCE = "550 5.1.1 <robin.lee@example.org>: Recipient address rejected: User unknown"


def shown(body: dict) -> str:
    """All text of a message."""
    return json.dumps(body, ensure_ascii=False)


def test_slash_is_answered_for_the_asker_alone(kim: Person) -> None:
    """One response, ephemeral, with an embed, buttons and no mention allowed."""
    asked = kim.slash("451")
    response = asked.response()
    assert response["type"] == 4 and response["data"]["flags"] == EPHEMERAL
    assert response["data"]["embeds"][0]["title"].startswith("451")
    assert response["data"]["allowed_mentions"]["parse"] == []
    labels = [button["label"] for row in response["data"]["components"] for button in row["components"]]
    assert "Share" in labels and "This was right" in labels
    assert len(asked.callbacks()) == 1


def test_slash_shows_addresses_in_full(kim: Person) -> None:
    """Only the asker reads it."""
    assert "robin.lee@example.org" in shown(kim.slash("what is this? " + BOUNCE).answer()).replace("\\\\", "")


def test_mention_is_answered_in_place_with_addresses_masked(kim: Person) -> None:
    """A reply to the message that pings nobody."""
    said = kim.say(BOUNCE, mention=True)
    (answer,) = kim.answers_to(said)
    assert str(answer["message_reference"]["message_id"]) == said["id"]
    assert answer["allowed_mentions"] == {"parse": [], "replied_user": False}
    assert (
        answer["embeds"][0]["title"].startswith("The mailbox does not exist") or "550" in answer["embeds"][0]["title"]
    )
    assert "robin.lee" not in shown(answer)


def test_mention_in_a_thread_is_answered_there(kim: Person) -> None:
    """The thread is the channel."""
    assert kim.answers_to(kim.say("what is 550?", GUILD.thread, mention=True))


def test_direct_message_is_answered_in_full(dm: Person) -> None:
    """Nobody else reads it, so addresses stand in full."""
    (answer,) = dm.answers_to(dm.say(BOUNCE))
    assert "robin.lee@example.org" in shown(answer).replace("\\\\", "")


def test_talk_that_is_not_for_the_bot_is_passed_over(kim: Person, double: Double) -> None:
    """No mention, a mention of everyone, a bot, a webhook: nothing is sent; the next question is answered."""
    before = len(double.requests)
    kim.say("550 5.1.1 user unknown")
    kim.say("@everyone 550 5.1.1", mention_everyone=True)
    kim.say("550", mention=True, webhook_id="5")
    robot = Person(double, GUILD)
    made = message(
        f"<@{BOT}> 550",
        user(robot.id, "robot", bot=True),
        GUILD.text,
        GUILD.id,
        mentions=[user(BOT, "smtpbot", bot=True)],
    )
    double.dispatch("MESSAGE_CREATE", made, GUILD.id)
    kim.slash("550").answer()
    assert double.sent("POST", r"/channels/.*", before) == []


def test_same_delivery_twice_is_answered_once(kim: Person, double: Double) -> None:
    """The gateway may bring an event again after a resume."""
    before = len(double.requests)
    said = kim.say("what is 421?", mention=True)
    double.dispatch("MESSAGE_CREATE", said, GUILD.id)
    kim.answers_to(said)
    kim.slash("421").answer()
    assert len(double.sent("POST", r"/channels/.*/messages", before)) == 1


def test_identify_asks_for_no_more_than_is_needed(double: Double) -> None:
    """Servers, messages, direct messages; message content because this bot may watch channels."""
    _, told = double.identifies[0]
    assert told["intents"] == 37_377
    assert told["shard"] == [0, 1]


@pytest.mark.parametrize(
    "paste", ["@everyone 550 5.1.1 <@123> unknown", "<@&9> 550 5.7.1 [x](https://evil.example) # big"]
)
def test_no_paste_pings_or_links(kim: Person, paste: str) -> None:
    """Whatever a paste holds, in public."""
    (answer,) = kim.answers_to(kim.say(paste, mention=True))
    assert answer["allowed_mentions"]["parse"] == []
    assert "@everyone" not in shown(answer) and "](https://evil" not in shown(answer)
    assert attach

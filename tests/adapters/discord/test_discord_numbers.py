"""`/smtp-stats`: a server's own numbers, with a picture where files may be attached."""

import itertools
from typing import Any

import pytest

from adapters.discord.numbers import NOT_HERE, PICTURE
from tests.adapters.discord.conftest import GUILD
from tests.adapters.discord.double import Double, Guild
from tests.adapters.discord.house import Interaction, Person

EPHEMERAL = 64
BOUNCE = "550 5.1.1 <robin.lee@example.org>: Recipient address rejected: User unknown"
ATTACH, EMBED = 1 << 15, 1 << 14
_guilds = itertools.count(1_300_000_000_000_000_000, 1 << 22)


@pytest.fixture
def guild() -> Guild:
    """A server that nobody asked anything in."""
    return Guild(str(next(_guilds)))


def ask(person: Person) -> Interaction:
    return person.interact(2, {"id": "4", "name": "smtp-stats", "type": 1, "options": []})


def files_of(asked: Interaction) -> list[tuple[str, bytes]]:
    path = f".*/token-{asked.id}/messages/@original"
    return [file for request in asked.double.sent("PATCH", path) for file in request.files.values()]


def test_numbers_are_those_of_the_server(double: Double, guild: Guild) -> None:
    """Up to the last answer, for the asker alone; another server's are not among them; the picture is told in words."""
    Person(double, GUILD).slash("452 4.2.2 mailbox full").answer()
    for _ in range(2):
        Person(double, guild).slash(BOUNCE).answer()
    asked = ask(Person(double, guild, app_permissions=str(ATTACH | EMBED)))
    response, answer = asked.response(), asked.answer()
    assert (response["type"], response["data"]["flags"]) == (5, EPHEMERAL)
    (embed,) = answer["embeds"]
    assert embed["title"] == "What bounced most"
    assert "Last 7 days:** 2 mail errors explained" in embed["description"]
    assert "1. Address does not exist: 2 in 30 days" in embed["description"]
    assert "Mailbox is full" not in embed["description"]
    assert embed["image"]["url"] == f"attachment://{PICTURE}"
    ((name, raw),) = files_of(asked)
    assert name == PICTURE and raw.startswith(b"\x89PNG")
    assert "Address does not exist 2 (2)" in answer["attachments"][0]["description"]


def test_votes_are_told_as_a_share(double: Double, guild: Guild) -> None:
    """One of two is a half."""
    for action in ("right", "wrong"):
        person = Person(double, guild)
        shown = person.slash(BOUNCE).shown()
        person.press(shown, action).response()
    told = text_of(ask(Person(double, guild)))
    assert "1 of 2 votes (50%) in 30 days" in told


@pytest.mark.parametrize(("permissions", "pictures", "embeds"), [(EMBED, 0, 1), (ATTACH, 1, 0), (0, 0, 0)])
def test_picture_and_embed_need_their_permissions(
    double: Double, guild: Guild, permissions: int, pictures: int, embeds: int
) -> None:
    """The text is there in any case."""
    Person(double, guild).slash(BOUNCE).answer()
    asked = ask(Person(double, guild, app_permissions=str(permissions)))
    assert "Address does not exist: 1 in 30 days" in text_of(asked)
    assert (len(files_of(asked)), len(asked.answer().get("embeds") or ())) == (pictures, embeds)


def test_server_without_numbers_and_direct_message_are_told(double: Double, guild: Guild, dm: Person) -> None:
    """In a sentence, without a picture."""
    nothing = ask(Person(double, guild))
    assert "no mail error was explained here" in text_of(nothing) and not files_of(nothing)
    assert NOT_HERE in text_of(ask(dm))


def text_of(asked: Interaction) -> str:
    answer: dict[str, Any] = asked.answer()
    return "\n".join([answer.get("content") or "", *(embed["description"] for embed in answer.get("embeds") or ())])

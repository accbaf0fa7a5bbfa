"""Where the operator said what is theirs, an answer says you, we and they."""

import re
from dataclasses import replace
from ipaddress import ip_network

import pytest

from bot.app import Bot
from bot.ours import Ours
from bot.settings import Settings

OURS = Ours(
    frozenset({"example.com"}),
    (ip_network("192.0.2.0/24"), ip_network("2001:db8:1::/48")),
    frozenset({"mx.hosting.example"}),
)
FULL = "<kim@{domain}>: host mx.{domain}[198.51.100.3] said: 552 5.2.2 Mailbox full (in reply to RCPT TO command)"
LISTED = "<kim@example.org>: host mx.example.org[198.51.100.3] said: 554 5.7.1 Client host [{ip}] blocked using zen.spamhaus.org"


@pytest.fixture(scope="module")
def our_bot(bot: Bot) -> Bot:
    """A bot that knows what is ours."""
    return Bot(bot.knowledge, OURS)


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        (FULL.format(domain="example.com"), "We move first: the mailbox is with us (example.com), so we can reach its owner. "),
        (FULL.format(domain="shop.example.com"), "We move first: the mailbox is with us (shop.example.com)"),
        (FULL.format(domain="example.org"), "They move first: the recipient (example.org) is not ours. "),
        (FULL.format(domain="notexample.com"), "They move first: the recipient (notexample.com) is not ours. "),
        ("<kim@example.org>: host mx.hosting.example[198.51.100.3] said: 552 5.2.2 Mailbox full", "We move first: the mailbox is with us"),
        (LISTED.format(ip="192.0.2.7"), "We move first: the sending side (192.0.2.7) is ours. "),
        (LISTED.format(ip="203.0.113.7"), "They move first: the sending side (203.0.113.7) is not ours. "),
        (LISTED.format(ip="2001:db8:1::7"), "We move first: the sending side (2001:db8:1::7) is ours. "),
        ("550 5.1.1 <nobody@example.org>: User unknown; from=<bob@example.com>", "You move first, as the sender (example.com). "),
        ("550 5.1.1 <nobody@example.org>: User unknown; from=<bob@example.net>", "They move first: tell the sender (example.net) to do this. "),
        ("<kim@example.com>: host mx.example.com[198.51.100.3] said: 554 5.7.1 <kim@example.com>: Relay access denied", "We move first: the receiving side (example.com) is ours. "),
    ],
)  # fmt: skip
def test_the_move_is_led_by_whose_it_is(our_bot: Bot, bot: Bot, text: str, lead: str) -> None:
    """The lead, and after it the sentence that stands there without it."""
    move = our_bot.answer(text).answers[0].move
    assert move.startswith(lead)
    assert move.endswith(bot.answer(text).answers[0].move)


@pytest.mark.parametrize(
    "text",
    ["552 mailbox full", "550 5.1.1 <nobody@example.org>: User unknown", "451 4.7.1 <kim@example.com>: Greylisted, try again later"],
)  # fmt: skip
def test_nothing_is_claimed_where_the_text_does_not_show_it(our_bot: Bot, bot: Bot, text: str) -> None:
    """No recipient, no sender, or nobody who has to act: the sentence stays as it is."""
    assert our_bot.answer(text).answers[0].move == bot.answer(text).answers[0].move


def test_our_own_refusal_is_told_as_our_own(our_bot: Bot, bot: Bot) -> None:
    """In our own log our server refused an outsider; those words need no lead."""
    line = (
        "Oct 10 12:04:00 mx1 postfix/smtpd[1500]: NOQUEUE: reject: RCPT from mail.example.net[198.51.100.9]: "
        "554 5.7.1 <eve@example.com>: Relay access denied; from=<bob@example.net> to=<eve@example.com> proto=ESMTP"
    )
    assert our_bot.answer(line).answers[0].move == bot.answer(line).answers[0].move


def test_without_settings_nobody_is_us(bot: Bot) -> None:
    """Neither you, nor we, nor they lead a move where nothing is ours."""
    move = bot.answer(FULL.format(domain="example.com")).answers[0].move
    assert not re.match(r"(You|We|They) move first", move)


def test_a_record_holds_the_same_sentence(our_bot: Bot) -> None:
    """`move` of the record is the sentence that is shown."""
    from bot.record import record

    assert record(our_bot.answer(FULL.format(domain="example.com")))["answers"][0]["move"].startswith("We move first")


def test_settings_name_what_is_ours() -> None:
    """Each of domains, addresses and hosts is enough; none of them is nobody's."""
    settings = Settings()
    assert Bot.from_settings(settings).ours is None
    named = Bot.from_settings(replace(settings, our_domains=("example.com",))).ours
    assert named is not None and named.is_domain("MAIL.Example.COM.") and not named.is_domain("example.org")


@pytest.mark.parametrize(("address", "ours"), [("192.0.2.9", True), ("2001:db8:1::1", True), ("2001:db8:2::1", False), ("198.51.100.1", False), ("", False), ("no", False), (None, False)])  # fmt: skip
def test_addresses_of_our_networks(address: str | None, ours: bool) -> None:
    """IPv4 and IPv6; what is no address is not ours."""
    assert OURS.is_address(address) is ours


@pytest.mark.parametrize(("host", "ours"), [("MX.hosting.example.", True), ("web.hosting.example", False), ("mail.example.com", True), ("", False), (None, False)])  # fmt: skip
def test_our_hosts(host: str | None, ours: bool) -> None:
    """By name, or by the domain they stand in."""
    assert OURS.is_host(host) is ours


def test_the_panel_is_named_where_the_mailbox_is_ours(bot: Bot) -> None:
    with_panel = Bot(bot.knowledge, replace(OURS, panel="https://panel.example.com"))
    assert (
        "The mailbox is managed in https://panel.example.com."
        in with_panel.answer(FULL.format(domain="example.com")).answers[0].move
    )
    assert "panel.example.com" not in with_panel.answer(FULL.format(domain="example.org")).answers[0].move

"""What a text gives is filled into records, commands and links; a choice takes what is known."""

import pytest

from bot.app import Bot
from bot.model import Failure, Verdict
from bot.wording import Values

TOLD = {
    "550 5.7.23 SPF violation: 192.0.2.1 is not allowed to send mail for example.com": "insert `ip4:192.0.2.1`",
    "550 5.7.25 [2001:db8::1] has no PTR record": "8.b.d.0.1.0.0.2.ip6.arpa. PTR mail.",
    "550 5.7.25 192.0.2.1 does not have a PTR record": "`1.2.0.192.in-addr.arpa. PTR mail.YOUR-DOMAIN.`",
    "550 192.0.2.1 is blacklisted": "https://multirbl.valli.org/lookup/192.0.2.1.html",
    '550 "JunkMail rejected - server.example.com [192.0.2.1]:33000 is in an RBL, see https://www.spamhaus.org/query/ip/192.0.2.1"': "with 192.0.2.1",
    "552 5.3.4 Error: message file too big (26214400 bytes max)": "under 18 MB",
    "551 5.1.6 User has moved; please try <kim@example.net>": "Send the message to kim@example.net",
    "451 4.4.3 Temporary DNS failure looking up MX for example.org": "`dig MX example.org`",
    "421 4.4.2 mx.example.org Error: timeout exceeded": "`nc -vz mx.example.org 25`",
    "550 5.1.7 <lee@example.com>: Sender address rejected": "`dig +short MX example.com`",
}


@pytest.mark.parametrize("reply", TOLD)
def test_the_steps_hold_what_the_text_gives(bot: Bot, reply: str) -> None:
    """Ready to run, with no stand-in for what is known."""
    steps = " ".join(bot.answer(reply).answers[0].steps)
    assert TOLD[reply].lower() in steps.lower(), steps


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("[[{ip} is listed.||Something is listed.]]", "192.0.2.1 is listed."),
        ("[[{limit} at most.]] Send less.", "Send less."),
        ("[[{limit} at most.||{queue_id}.||It is too large.]]", "It is too large."),
        ("[[Open {url}.]]", ""),
    ],
)
def test_a_choice_takes_the_first_that_is_known(bot: Bot, template: str, said: str) -> None:
    """The last stands for all that is missing; alone it is left out."""
    verdict = Verdict("unclear", (), None, "guess", None, "unknown", None, None, None, (), "")
    values = Values(Failure(diagnostic="550 192.0.2.1 refused"), verdict, bot.knowledge.ui, None)
    assert values.fill(template) == said

"""A provider's row is found by its code alone, by other words beside its code, and by its words without the code."""

import pytest

from bot.app import Bot

FOUND = [
    ("host x.mail.protection.outlook.com said: 550 5.7.64", "exchange-online/5.7.64-tenant-attribution"),
    ("550 5.7.64 Relay Access Denied ATTR36", "exchange-online/5.7.64-tenant-attribution"),
    ("host x.mail.protection.outlook.com said: 550 5.7.129 not for you", "exchange-online/5.7.129-restricted-senders"),
    (
        "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP. AS(8500)",
        "exchange-online/5.7.708-tenant-ip",
    ),
    ("host x.mail.protection.outlook.com said: 550 Access denied, Bad HELO", "exchange-online/5.7.506-bad-helo"),
    (
        "host x.mail.protection.outlook.com said: 554 The recipient has exceeded the per hour receive limit",
        "exchange-online/5.2.122-all-senders",
    ),
    ("554 5.4.14 Hop count exceeded", "exchange-online/5.4.14-loop"),
    (
        "550-5.7.26 This message does not have authentication information or fails to pass "
        "550-5.7.26 authentication checks. - gsmtp",
        "google/5.7.26-unauthenticated",
    ),
    ("554 5.7.1 very low reputation of the sending domain - gsmtp", "google/low-reputation"),
    ("535 5.7.1 Username and Password not accepted. - gsmtp", "google/bad-credentials"),
    ("host mta5.am0.yahoodns.net said: 553 Retrying will NOT succeed", "yahoo/TSS09"),
    ("host mx1.comcast.net said: 554 BL006", "comcast/BL000001"),
    (
        "host eu-smtp-inbound-1.mimecast.com said: 421 Recipient temporarily unavailable",
        "mimecast/recipient-unavailable",
    ),
    ("host route2.mx.cloudflare.net said: 521 5.3.0 Upstream error", "cloudflare-routing/upstream-refused"),
    ("550 5.2.0 Mail rejete. Mail rejected. ofr_506 [506]", "orange/OFR_506"),
    ("host mx.nyc.charter.net said: 421 AUP#1310", "spectrum/AUP-1300-1340"),
    ("postmark Blocked", "postmark/100006-Blocked"),
    ("sparkpost 25 admin failure", "sparkpost/25-admin-failure"),
    ("powermta bad-mailbox", "powermta/bad-mailbox"),
    ("host inmx.rambler.ru said: 550 5.1.1 Recipient address rejected: Blocked", "rambler/540-inactive"),
    (
        "host mx1-us1.ppe-hosted.com said: 450 4.1.1 Address verification in progress",
        "proofpoint/verification-in-progress",
    ),
    ("host mail.example.org said: 550 5.7.1 <user@example.org>: Relay access denied", "postfix/relay-access-denied"),
    ("535 Authentication failed: Bad username / password (smtp.sendgrid.net)", "sendgrid/535-credentials"),
    ("550 5.7.1 Message content rejected, UBE, id=12345-06", "amavis-spamassassin/5.7.0-spam"),
]

ELSEWHERE = [
    ("550 5.7.1 Rejected by our anti-spoofing policy", "mimecast"),
    ("535 5.7.139 Authentication unsuccessful, the request did not meet the criteria", "exchange-online/5.7.139-smtp"),
]


@pytest.mark.parametrize(("text", "entry"), FOUND)
def test_the_row_is_found(bot: Bot, text: str, entry: str) -> None:
    """Other words, another code of the class or no code at all do not hide the provider's meaning."""
    assert bot.answer(text).answers[0].verdict.entry == entry


@pytest.mark.parametrize(("text", "entry"), ELSEWHERE)
def test_a_row_does_not_speak_for_others(bot: Bot, text: str, entry: str) -> None:
    """Words that anybody may use, and a code that several rows of a provider share, prove nothing by themselves."""
    assert not (bot.answer(text).answers[0].verdict.entry or "").startswith(entry)

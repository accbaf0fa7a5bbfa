"""Write docs/gallery.md anew: what people send, and what the bot answers. `python scripts/write_gallery.py`."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bot import load  # noqa: E402
from bot.app import Bot  # noqa: E402
from bot.model import Message  # noqa: E402

FILE = ROOT / "docs" / "gallery.md"
HEAD = """# Gallery

What people send, and what smtpbot answers. `scripts/write_gallery.py` writes this page from the program's own answers;
the names and addresses in it are made up.
"""
ASKED: dict[str, str] = {
    "A reply code": "what is 451?",
    "Two codes compared": "difference between 450 and 550",
    "Gmail and a sender that is not authenticated": (
        "550-5.7.26 This mail has been blocked because the sender is unauthenticated.\n"
        "550-5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM.\n"
        "550-5.7.26  DKIM = did not pass\n"
        "550-5.7.26  SPF [shop.example.com] with ip: [192.0.2.25] = did not pass\n"
        "550 5.7.26  https://support.google.com/mail/answer/81126#authentication x1-20si - gsmtp"
    ),
    "Microsoft 365, a reply inside a reply": (
        "Delivery has failed to these recipients or groups:\n\nkim@example.org\n\n"
        "Generating server: AM0PR01MB0001.eurprd01.prod.exchangelabs.com\n\nkim@example.org\n"
        "Remote server returned '550 5.4.316 Message expired, connection refused(Socket error code 10061) -> "
        "451 4.4.316 Connection refused [Message=Socket error code 10061] [LastAttemptedServerName=mx.example.org]'"
    ),
    "Spamhaus PBL": (
        "<kim@example.org>: host mx.example.org[198.51.100.3] said: 550 5.7.1 Service unavailable; client [192.0.2.77] "
        "blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.77 (PBL) (in reply to RCPT TO command)"
    ),
    "An open resolver on the recipient's side": (
        "550 5.7.1 Service unavailable; client [192.0.2.25] blocked using zen.spamhaus.org; "
        "Error: open resolver; https://check.spamhaus.org/returnc/pub/203.0.113.53/"
    ),
    "A forward that breaks DMARC": (
        "<alumni@example.edu>: host aspmx.l.google.com[198.51.100.27] said: 550-5.7.26 Unauthenticated email from "
        "bank.example is not accepted due to domain's 550-5.7.26 DMARC policy. The message was forwarded by "
        "mail.example.edu [192.0.2.40]. gsmtp (in reply to end of DATA command)"
    ),
    "Greylisting": "451 4.7.1 <kim@example.org>: Recipient address rejected: Greylisted, see you again in 300 seconds",
    "A full mailbox": (
        "This message was created automatically by mail delivery software.\n\n  kim@example.com\n"
        "    host mx.example.com [192.0.2.10]\n    SMTP error from remote mail server after RCPT TO:<kim@example.com>:\n"
        "    452 4.2.2 The recipient's mailbox is over quota"
    ),
    "Relaying denied in a mail program": (
        "Outlook: The message could not be sent because one of the recipients was rejected by the server. "
        "The rejected e-mail address was 'kim@example.org'. Subject 'Offer', Account: 'mail.example.com', "
        "Server: 'mail.example.com', Protocol: SMTP, Server Response: '554 5.7.1 <kim@example.org>: Relay access denied', "
        "Port: 25, Secure(SSL): No, Server Error: 554, Error Number: 0x800CCC79"
    ),
    "An app password is wanted": (
        "smtplib.SMTPAuthenticationError: (534, b'5.7.9 Application-specific password required. "
        "https://support.google.com/mail/?p=InvalidSecondFactor x1-20si - gsmtp')"
    ),
    "A Postfix log line: deferred": (
        "Nov 18 09:12:31 mail postfix/smtp[2211]: 4F2A31B0C8: to=<kim@example.org>, relay=none, delay=1830, "
        "delays=1800/0.02/30/0, dsn=4.4.1, status=deferred (connect to mx.example.org[192.0.2.20]:25: Connection timed out)"
    ),
    "A Postfix log line: our own server refused": (
        "Nov 18 09:20:04 mail postfix/smtpd[2300]: NOQUEUE: reject: RCPT from unknown[192.0.2.77]: 450 4.7.25 Client host "
        "rejected: cannot find your hostname, [192.0.2.77]; from=<news@example.net> to=<kim@example.com> proto=ESMTP helo=<pc>"
    ),
    "Amazon SES in the sandbox": (
        "554 Message rejected: Email address is not verified. The following identities failed the check in region "
        "EU-WEST-1: kim@example.org"
    ),
    "A cPanel hourly limit": (
        "kim@example.org: Domain example.com has exceeded the max emails per hour (150/150 (100%)) allowed. Message discarded."
    ),
    "A mail loop": (
        "<info@example.org>: host mx.example.org[192.0.2.30] said: 554 5.4.6 Too many hops 26 (25 max): "
        "from <lee@example.com> via mx.example.org (in reply to end of DATA command)"
    ),
    "A certificate": (
        "Nov 18 10:01:12 mail postfix/smtp[2401]: 6B2C3D4E5F: to=<kim@example.org>, relay=mx.example.org[192.0.2.20]:25, "
        "delay=3.1, dsn=4.7.5, status=deferred (Server certificate not trusted)"
    ),
    "A bounce for several recipients": (
        "This is the mail system at host mail.example.com.\n\n"
        "I'm sorry to have to inform you that your message could not be delivered to one or more recipients.\n\n"
        "<ann@example.org>: host mx.example.org[192.0.2.20] said: 550 5.1.1 <ann@example.org>: User unknown "
        "(in reply to RCPT TO command)\n\n"
        "<bob@example.org>: host mx.example.org[192.0.2.20] said: 550 5.1.1 <bob@example.org>: User unknown "
        "(in reply to RCPT TO command)\n\n"
        "<cho@example.net>: host mx.example.net[192.0.2.30] said: 552 5.2.2 Mailbox is full (in reply to RCPT TO command)"
    ),
    "A refusal that says nothing": "<kim@example.org>: host mx.example.org[192.0.2.20] said: 554 Transaction failed",
    "In Japanese": "550 5.1.1 <kim@example.com>: ユーザーが見つかりません",
    "In French": "552 5.2.2 <kim@example.com>: boîte du destinataire pleine, quota dépassé",
    "In German": "550 5.1.1 <kim@example.com>: Empfänger unbekannt, die Adresse existiert nicht",
}


def plain(text: str) -> str:
    """The text with no tag in it; code spans stay as they are."""
    spans = text.split("`")
    return "`".join(span if number % 2 else span.replace("<", "&lt;") for number, span in enumerate(spans))


def shown(message: Message) -> str:
    """The message as Markdown."""
    out = []
    for part in message.parts:
        text = plain(part.text)
        if part.kind == "heading":
            out.append(f"**{text}**")
        elif part.kind in ("steps", "examples"):
            rows = [f"{number}. {plain(item)}" for number, item in enumerate(part.items, 1)]
            out.append("\n".join([f"*{part.label}*\n", *rows] if part.label else rows))
        else:
            out.append(f"*{part.label}:* {text}" if part.label else text)
    return "\n\n".join(out)


def gallery(bot: Bot) -> str:
    """The whole page."""
    parts = [HEAD]
    for title, text in ASKED.items():
        parts.append(f"\n## {title}\n\n```text\n{text}\n```\n\n{shown(bot.answer(text).message)}\n")
    return "".join(parts)


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(gallery(load()), encoding="utf-8")

"""Texts that look like mail errors but are something else: headers, log-in errors, DMARC reports, pictures, web errors."""

import re

_HEADERS = re.compile(
    r"^(?:Received|Authentication-Results|DKIM-Signature|ARC-Seal|X-Spam-Status|Received-SPF|X-MS-Exchange-[A-Za-z-]+|Return-Path|Delivered-To): ",
    re.M | re.I,
)
_LOGIN = re.compile(
    r"\b(?:IMAP|POP3?|pop3d|imapd|imap-login|pop3-login|dovecot)\b.{0,160}(?:authentication|auth fail|login|log in|log on|password|AUTHENTICATIONFAILED|auth failed|Logon failure|invalid credentials)|"
    r"\[AUTHENTICATIONFAILED\]|\[AUTH\] |-ERR .{0,80}|0x800CCC92|(?:imap|pop3?)\S{0,40} (?:server )?(?:rejected|refused|denied)|(?:password|login|log ?in).{0,60}\b(?:IMAP|POP3?)\b",
    re.I | re.S,
)
_DMARC = re.compile(
    r"<feedback>[\s\S]{0,4000}<report_metadata>|\bReport Domain: \S+ Submitter: |<policy_published>|dmarc (?:aggregate )?report|v=DMARC1;|\brua=mailto:",
    re.I,
)
_PICTURE = re.compile(
    r"\A(?:\x89PNG|\xff\xd8\xff|GIF8|RIFF.{4}WEBP)|\.(?:png|jpe?g|gif|webp|heic|bmp)\b[\s.!)]*\Z|\bscreen ?shot\b",
    re.I | re.S,
)
_WEB = re.compile(r"\bHTTP(?:/\d(?:\.\d)?)? ?(?:error ?)?[1-5]\d\d\b|\b[1-5]\d\d (?:Bad Gateway|Gateway Time-?out|Misdirected Request|Internal Server Error|Service Unavailable|Not Found|Forbidden)\b|<title>[45]\d\d ", re.I)  # fmt: skip


def find_neighbor(text: str) -> str | None:
    """The name of the neighbor a text is (a key of `neighbors` in ui.yaml), or None."""
    head = text[:8_000]
    if _DMARC.search(head):
        return "dmarc"
    if _LOGIN.search(head):
        return "login"
    if len({found[0].lower() for found in _HEADERS.finditer(head)}) >= 2:
        return "headers"
    if _PICTURE.search(head) and len(head) < 300:
        return "picture"
    if _WEB.search(head) and len(head) < 600 and not re.search(r"\bsmtp\b|\bmail\b", head, re.I):
        return "web"
    return None

"""Texts that look like mail errors but are something else: headers, log-in errors, DMARC reports, pictures, web errors, other worlds."""

import re
from collections.abc import Iterable

MAX_READ = 8_000  # characters in which a sign is looked for

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
_DMARC_SUBJECT = re.compile(r"^Subject:[^\n]{0,80}\bReport[ _]Domain:\s{0,5}\S{1,255}\s{1,5}Submitter:", re.I | re.M)
_PICTURE = re.compile(
    r"\A(?:\x89PNG|\xff\xd8\xff|GIF8|RIFF.{4}WEBP)|\.(?:png|jpe?g|gif|webp|heic|bmp)\b[\s.!)]*\Z|\bscreen ?shot\b",
    re.I | re.S,
)
_WEB = re.compile(
    r"\bHTTP(?:/\d(?:\.\d)?)? ?(?:error ?)?[1-5]\d\d\b|\b(?:502 Bad Gateway|504 Gateway Time-?out|421 Misdirected Request"
    r"|500 Internal Server Error|503 Service Unavailable|404 Not Found|403 Forbidden)\b|<title>[45]\d\d ",
    re.I,
)

_WEB_SIGNS = ("http", "gateway", "misdirected", "internal server", "unavailable", "not found", "forbidden", "<title>")

# What only mail has, lower case, as pieces and as whole words.
_MAIL_SIGNS = (
    "mail", "smtp", "postfix", "exim", "qmail", "recipient", "sender", "bounce", "greylist", "relay", "starttls", "dnsbl", "outlook", "thunderbird", "exchange",
    "spam", "attachment", "esocket", "sending rate", "sending quota", "econnection", "eenvelope", "yahoo", "365", "sendgrid", "postmark", "sparkpost", "spamhaus", "proofpoint", "barracuda", "postfach", "empfänger", "destinat", "boîte", "buzón", "почт", "メール", "邮",
)  # fmt: skip
_MAIL_WORDS = frozenset(["mta", "ndr", "dsn", "mx", "inbox", "spf", "dkim", "dmarc", "rcpt", "rbl"])
_MAIL_SHAPES = re.compile(r"[\w>\"'+.-]@[\w-]{1,63}\.\w|(?:\bport\s|:)(?:25|465|587|2525)\b", re.I)
_URL = re.compile(r"(?:https?|ftp)://\S{1,2000}")
_WORD = re.compile(r"[^\W_]+")
# Programs and protocols whose errors have such numbers or such words too.
_PROGRAM_SIGNS = ("sql", "ftpd", "filezilla", "docker", "kubern", "kubectl", "postgres", "mariadb", "mongodb", "haproxy", "web site", "web page", "web server", "bad gateway",
                  "gateway time")  # fmt: skip
_PROGRAM_WORDS = frozenset(
    "http https ftp ftps sftp sip voip nntp ssh sshd rsync git k8s nginx apache jira browser webserver webpage vpn ntp smb nfs java".split()
)
# Mail servers use these and speak of them, too.
_PART_WORDS = frozenset("ldap redis url api website php openssl kernel".split())
# Cloudflare has its own HTTP codes; a database or web server on this machine; Oracle's numbers.
_PROGRAM_SHAPES = re.compile(
    r"cloudflare\b.{0,40}\b5[23]\d\b(?![ -]5\.)|\b5[23]\d\b.{0,40}\bcloudflare|(?:localhost|127\.0\.0\.1):(?!(?:25|465|587|2525)\b)\d|\bora-\d",
    re.I,
)
# Things that are numbered like codes, counted or paid.
_THING_WORDS = frozenset(
    "version release build debian ubuntu ticket issue order invoice room raum salle factura rechnung vlan extension payment license backup upgrade upgraded port shop".split()
)
_NUMBERED_WORDS = frozenset(
    "project customer user job rule event case contract phone tel page line step gate exit port calls requests users files rows jobs seconds usd eur euro dollars".split()
)
_THING_SHAPES = re.compile(
    r"""\b(?:project|customer|user|job|rule|event|case|contract|phone|tel\.?|page|line|step|gate|exit\ (?:code|status))\ ?\#?\d
      | \b\d{3,5}\ (?:calls|requests|users|files|rows|jobs|seconds)\b | [$€£]\ ?\d | \b\d+\ ?(?:usd|eur|euro|dollars)\b | \[\d{3}\][ :] | \d\#\d""",
    re.X | re.I,
)
_MAIL_PORT = re.compile(r"\bports?\s+(?:25|465|587|2525)\b", re.I)


def find_neighbor(text: str) -> str | None:
    """The name of the neighbor a text is (a key of `neighbors` in ui.yaml), or None."""
    head = text[:MAX_READ]
    if _DMARC.search(head):
        return "dmarc"
    if _LOGIN.search(head):
        return "login"
    if len({found[0].lower() for found in _HEADERS.finditer(head)}) >= 2:
        return "headers"
    if _PICTURE.search(head) and len(head) < 300:
        return "picture"
    return "web" if is_web(head) else None


def is_dmarc_mail(head: str) -> bool:
    """Whether the head of a mail is one of a DMARC report (RFC 7489 section 7.2.1.1)."""
    return bool(_DMARC_SUBJECT.search(head))


def is_web(text: str) -> bool:
    """Whether a text is an error of a web server: its number stands with HTTP or with HTTP's own words."""
    if len(text) >= 600 or not _has(text.lower(), _WEB_SIGNS):
        return False
    return bool(_WEB.search(text)) and not speaks_of_mail(text)


def speaks_of_mail(text: str) -> bool:
    """Whether anything in a text says that it is about mail: an address, a mail port, a program or a word of the trade."""
    lowered = text[:MAX_READ].lower()
    if _has(lowered, _MAIL_SIGNS) or (
        (":" in lowered or "@" in lowered or "port" in lowered) and _MAIL_SHAPES.search(lowered)
    ):
        return True
    return not _MAIL_WORDS.isdisjoint(_WORD.findall(lowered))


def other_program(text: str, after_code: bool = False) -> bool:
    """Whether another program or protocol speaks in a text (FTP, SIP, HTTP, SQL); pages a text links to do not count.

    `after_code`: the text opens with a code that web servers lack, so that parts mail servers have too do not count.
    """
    lowered = text[:MAX_READ].lower()
    if "://" in lowered:
        lowered = _URL.sub(" ", lowered)
    words = _WORD.findall(lowered)
    if _has(lowered, _PROGRAM_SIGNS) or not _PROGRAM_WORDS.isdisjoint(words):
        return True
    if not after_code and not _PART_WORDS.isdisjoint(words):
        return True
    return _has(lowered, ("cloudflare", "localhost", "127.0.0.1", "ora-")) and bool(_PROGRAM_SHAPES.search(lowered))


def other_world(text: str) -> bool:
    """Whether a text speaks of something else that has such numbers: other programs, versions, prices, tickets, rooms."""
    if other_program(text):
        return True
    head = text[:MAX_READ]
    words = set(_WORD.findall(head.lower()))
    things = words & _THING_WORDS
    if things and (things != {"port"} or not _MAIL_PORT.search(head)):
        return True
    return (not words.isdisjoint(_NUMBERED_WORDS) or _has(head, "$€£[#")) and bool(_THING_SHAPES.search(head))


def _has(text: str, signs: Iterable[str]) -> bool:
    for sign in signs:  # noqa: SIM110 - a generator costs more than the search
        if sign in text:
            return True
    return False

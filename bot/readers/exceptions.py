"""Exceptions of mail libraries and dialogs of mail programs: where the server's reply stands inside them."""

import re

from bot.codes import STATUS
from bot.model import Bounce, Failure
from bot.readers.recipients import find_recipient
from bot.readers.replies import ADDRESS_CORE, one_line, read_diagnostic
from bot.readers.transcript import looks_like as looks_like_dialogue
from bot.readers.transcript import read_transcript

# Python: smtplib, aiosmtplib, Django: {'a@example.com': (550, b'5.1.1 …')}, (535, b'…'), (code, 'text', 'sender')
_PYTHON = re.compile(r"(?:['\"](?P<rcpt>[^'\"\s]{1,320}@[^'\"\s]{1,255})['\"]\s?:\s?)?\((?P<code>[245]\d\d),\s?b?(?P<quote>['\"])(?P<text>.{1,1200}?)(?P=quote)(?:,\s?['\"](?P<sender>[^'\"]{0,320})['\"])?\)", re.S)  # fmt: skip
# .NET prints the reply code only by name.
DOTNET = {
    "mailboxunavailable": "550", "mailbox unavailable": "550", "clientnotpermitted": "454", "muststarttlsfirst": "530", "mustissuestarttlsfirst": "530",
    "servicenotavailable": "421", "transactionfailed": "554", "mailboxbusy": "450", "insufficientstorage": "452", "exceededstorageallocation": "552",
    "localerrorinprocessing": "451", "mailboxnamenotallowed": "553", "usernotlocaltryalternatepath": "551", "syntaxerror": "501",
    "service not available, closing transmission channel": "421", "syntax error, command unrecognized": "500", "syntax error in parameters or arguments": "501",
    "error in processing": "451", "insufficient system storage": "452", "client does not have permission to submit mail to this server": "454",
    "the smtp server requires a secure connection or the client was not authenticated": "530",
    "commandunrecognized": "500", "badcommandsequence": "503", "commandnotimplemented": "502", "commandparameternotimplemented": "504",
}  # fmt: skip
_DOTNET = re.compile(
    r"(?:SmtpFailedRecipients?Exception|SmtpException|SmtpCommandException)\b.{0,40}?:\s?(?P<name>[A-Z][A-Za-z,\s]{3,100}?)\.\sThe\sserver\sresponse\swas:\s?(?P<text>.{1,2000})",
    re.S,
)
_DOTNET_STATUS = re.compile(r"Status ?Code: ?(?P<name>[A-Z][A-Za-z]{5,40})")
_WITH_MESSAGE = re.compile(
    r"(?:Expected response code \"?\d{3}[^\n]{0,40}? but got|but got) code \"?(?P<code>\d{3})?\"?, with message \"(?P<text>.{1,2000}?)\"(?:\.|\s|,|$)",
    re.S,
)
_RESPONSE = re.compile(r"(?:\bresponse: ?|Server Response: |server responded: ?|server response was: ?|The server response was: ?|Server error: ?|Der Mail-Server antwortete: ?|Resposta do Servidor: ?|Respuesta del servidor: ?|R[ée]ponse du serveur ?: ?|Risposta del server: ?|Serverantwort: ?|server message: ?|Error message from server: ?|Additional SMTP info: ?|Detail: ?)(?P<quote>['\"]?)(?P<text>[^\n'\"]{0,40}?[245]\d\d.{3,2000}?)(?:(?P=quote)(?:,|\s|$|\.|\))|\n|$)", re.S | re.I)  # fmt: skip


# Written out, since most texts have none of these words and this is asked of every line.
def _may_respond(s: str) -> bool:
    return (
        "respon" in s or "server error" in s or "der mail-server" in s or "resposta" in s or "respuesta" in s or "réponse" in s or "reponse" in s
        or "risposta" in s or "serverantwort" in s or "server message" in s or "error message from" in s or "additional smtp" in s or "detail:" in s
    )  # fmt: skip


_ROUNDCUBE = re.compile(r"SMTP (?:Error|Fehler|Erreur) ?(?:\((?P<a>-?\d{1,3})\)|: ?\[(?P<b>[245]\d\d)\])(?:: (?:Failed to (?:add recipient|set sender) \"?(?P<address>[^\"\s]{1,320})\"?[^(\n]{0,20})?)?\(?(?P<text>[^\n]{0,1500})", re.I)  # fmt: skip
_PHPMAILER = re.compile(
    r"(?:SMTP (?:Error|ERROR|server error)[^\n]{0,120}?|The following (?:recipients|From address) failed[^\n]{0,340}?)[:\s](?P<text>[245]\d\d[ -].{1,1500})",
    re.S,
)
_NODEMAILER = re.compile(
    r"(?:all recipients were rejected|Invalid login|Message failed|Mail command failed|Data command failed|Can't send mail - [a-z ]{3,40}|Greeting never received|Unexpected response)\b:? ?(?P<text>.{0,1500})",
    re.S,
)
_CLASSY = re.compile(r"(?:[A-Za-z_.]{0,80}(?:Exception|Error|FatalError|SMTPServerBusy|SMTPSyntaxError|SMTPUnknownError|SMTPAuthenticationError)|permanent error \((?P<perm>\d{3})\)|transient error \((?P<tran>\d{3})\)|msmtp: server message|curl: \(\d{1,3}\)[^:\n]{0,60})(?:: |:\n?| \((?=[245]\d\d[ -]))(?P<text>[^\n]{0,300}?[245]\d\d[ -].{1,1500})", re.S)  # fmt: skip
_LETTRE = re.compile(r"(?:permanent|transient) error \((?P<code>[245]\d\d)\): (?P<text>.{1,1500})", re.S)
_CURL = re.compile(r"curl: \(\d{1,3}\) (?P<text>(?:RCPT|MAIL|DATA|AUTH|Login|EHLO)[^\n]{0,20}?: (?P<code>[245]\d\d))")
_OUTLOOK = re.compile(r"\b0x800(?:CCC|40|42)[0-9A-F]{2,5}\b", re.I)
OUTLOOK = {
    "0X800CCC60": ("invalid response from the server", None, "protocol-error"), "0X800CCC62": ("syntax error, command unrecognized", "500", "protocol-error"),
    "0X800CCC63": ("syntax error in parameters", "501", "protocol-error"), "0X800CCC64": ("command not implemented", "502", "protocol-error"),
    "0X800CCC65": ("bad sequence of commands", "503", "protocol-error"), "0X800CCC66": ("parameter not implemented", "504", "protocol-error"),
    "0X800CCC67": ("service not available", "421", "service-unavailable"), "0X800CCC68": ("mailbox busy", "450", "service-unavailable"),
    "0X800CCC69": ("mailbox not found", "550", "mailbox-not-found"), "0X800CCC6A": ("local error in processing", "451", "server-error"),
    "0X800CCC6B": ("user not local", "551", "mailbox-moved"), "0X800CCC6C": ("insufficient system storage", "452", "storage-full"),
    "0X800CCC6D": ("exceeded storage allocation", "552", "mailbox-full"), "0X800CCC6E": ("mailbox name not allowed", "553", "bad-address-syntax"),
    "0X800CCC6F": ("transaction failed", "554", "policy-rejected"), "0X800CCC78": ("unknown or rejected sender", None, "sender-rejected"),
    "0X800CCC79": ("the server rejected a recipient", None, "relaying-denied"), "0X800CCC7D": ("the server does not offer TLS on this port", None, "tls-required"),
    "0X800CCC0D": ("cannot locate the server", None, "dns-failure"), "0X800CCC0E": ("cannot connect to the server", None, "connection-failed"),
    "0X800CCC0F": ("the connection was closed", None, "connection-failed"), "0X800CCC19": ("the server timed out", None, "connection-failed"),
    "0X800CCC1A": ("TLS handshake failed", None, "tls-required"), "0X800CCC18": ("log-on failed", None, "login-required"),
    "0X80042109": ("cannot connect to the outgoing server", None, "connection-failed"), "0X8004210B": ("the outgoing server timed out", None, "connection-failed"),
    "0X80040119": ("the server cannot be reached", None, "connection-failed"), "0X8004011D": ("the server cannot be reached", None, "connection-failed"),
}  # fmt: skip
# Words of what fails before any SMTP is spoken, lower case.
_SOCKET = (
    "[errno", "econnrefused", "etimedout", "enotfound", "eai_again", "econnreset", "esocket", "eauth", "getaddrinfo", "smtpserverdisconnected",
    "smtpconnecterror", "smtpnotsupportederror", "smtpheloerror", "net::opentimeout", "mailconnectexception", "couldn't connect to host",
    "could not connect to smtp host", "smtp connect() failed", "could not authenticate", "connection could not be established with host", "dial tcp ",
    "first record does not look like a tls", "wrong version number", "could not convert socket to tls", "actively refused", "failed to connect to server",
    "unable to connect to server", "unable to connect to remote", "stream_socket_client()", "failed to authenticate on smtp",
    "unable to authenticate to outgoing server", "sending of the message failed", "an error occurred while sending mail",
    "cannot send message using the server", "curl: (", "ssl3_get_record", "certificate verify failed", "certificate_verify_failed", "0x800ccc", "0x80042109",
    "0x8004210b", "0x8004011", "name or service not known", "temporary failure in name resolution", "data not accepted", "smtp error:",
    "smtpconnecttimeouterror", "smtptimeouterror", "smtpreadtimeouterror", "smtpconnectresponseerror", "socket.timeout", "socket.gaierror", "error connecting to", "net::readtimeout",
    "lettre::transport", "sockettimeoutexception", "unknownhostexception", "msmtp: cannot", "msmtp: network", "eai_again", "edns", "econnection", "sslhandshakeexception",
)  # fmt: skip
# The beginnings of a server's lines in a program's own trace (PHPMailer, curl -v, swaks).
_DIALOGUE = ("SERVER -> CLIENT", "SMTP -> FROM SERVER", "SMTP -> ERROR", "\n< 5", "\n< 4", "\n<** ", "\n<~* ")
# What stopped a program before any reply: words, lower case -> cause. First match counts.
_STOPPED = (
    ("eai_again", "dns-failure"), ("temporary failure in name resolution", "dns-failure"), ("could not authenticate", "login-required"), ("failed to authenticate", "login-required"),
    ("unable to authenticate", "login-required"), ("eauth", "login-required"), ("certificate", "tls-required"), ("wrong version number", "tls-required"), ("socket to tls", "tls-required"),
    ("look like a tls", "tls-required"), ("ssl3_get_record", "tls-required"), ("name or service not known", "domain-not-found"), ("enotfound", "domain-not-found"),
    ("no such host", "domain-not-found"), ("nodename nor servname", "domain-not-found"), ("getaddrinfo", "dns-failure"), ("timed out", "connection-failed"), ("timeout", "connection-failed"),
    ("execution expired", "connection-failed"), ("refused", "connection-failed"), ("unreachable", "connection-failed"), ("no route to host", "connection-failed"),
    ("connect", "connection-failed"), ("reset", "connection-failed"),
)  # fmt: skip
# A program's error shows itself by one of these; without any, no pattern has to look.
_SIGNS = (
    "exception", "error", "server", "recipient", "refused", "failed", "response", "(5", "(4", "curl", "msmtp", "smtp", "got code", "resposta", "respuesta",
    "réponse", "risposta", "antwort", "fehler", "erreur", "invalid login", "0x800", "timed out", "timeout", "dial tcp", "getaddrinfo",
)  # fmt: skip


def _failure(
    text: str,
    code: str | None = None,
    derived: tuple[str, ...] = (),
    recipient: str | None = None,
    sender: str | None = None,
    software: str | None = None,
) -> Failure:
    diagnosis = read_diagnostic(text.replace("\\n", " "))
    reply = diagnosis.reply_code
    if code and (reply is None or (reply != code and not diagnosis.text.startswith(reply))):
        reply = code
    status = diagnosis.enhanced_code
    if status is None:
        found = STATUS.search(text)
        status = found[1] if found else None
    return Failure(
        diagnostic=diagnosis.text, recipient=recipient, reply_code=reply, enhanced_code=status, derived=derived if reply and derived else (),
        remote_mta=diagnosis.host, command=diagnosis.command, outer=diagnosis.outer, sender=sender, software=software, direction="outgoing",
    )  # fmt: skip


def _python(text: str) -> list[Failure]:
    found = []
    for match in _PYTHON.finditer(text[:200_000]):
        found.append(_failure(match["text"], match["code"], (), match["rcpt"], match["sender"], "python"))
    return found


_MAILKIT = re.compile(r"SmtpCommandException: (?P<text>[^\n]{3,2000})")


def _mailkit(text: str) -> list[Failure]:
    """MailKit prints the server's words and the code's name, each on its own line."""
    said = _MAILKIT.search(text, 0, 20_000)
    if not said:
        return []
    named = _DOTNET_STATUS.search(text, 0, 20_000)
    code = DOTNET.get(named["name"].lower()) if named else None
    own = _failure(said["text"], None, (), _address_of(said["text"]), None, ".net")
    if own.reply_code is None and code:
        own = own._replace(reply_code=code, derived=("reply_code",))
    return [own] if own.reply_code or own.enhanced_code else []


def _dotnet(text: str) -> list[Failure]:
    match = _DOTNET.search(text[:20_000])
    if not match:
        return _mailkit(text) if "SmtpCommandException: " in text else []
    name = one_line(match["name"].split("---> ")[-1]).lower()
    code = DOTNET.get(name) or DOTNET.get(name.replace(" ", ""))
    said = match["text"].split("\n   at ")[0]
    own = _failure(said, None, (), _address_of(said), None, ".net")
    if own.reply_code is None and code:
        own = own._replace(reply_code=code, derived=("reply_code",))
    return [own]


_REFUSED_TO = re.compile(r"\brecipient: ?['\"]([^'\"\s]{3,320})['\"]")
_REFUSED_ROW = re.compile(r"(?:\bmessage: ?['\"`]|\bError: )([^\n{}]{3,1000})")


def _rejected_errors(text: str) -> list[Failure]:
    """Nodemailer lists the recipients that were refused, each after the server's words."""
    begin = text.find("rejectedErrors")
    if begin < 0:
        return []
    rows: list[Failure] = []
    for found in _REFUSED_TO.finditer(text, begin, begin + 20_000):
        said = _REFUSED_ROW.search(text, begin, found.start())
        if said:
            rows.append(_failure(re.split(r"['\"`], ?code\b", said[1])[0], None, (), found[1]))
        begin = found.end()
    return [row for row in rows if row.reply_code]


_JAVA_ADDRESS = re.compile(
    r"SMTPAddressFailedException: (?P<text>[245]\d\d(?:-|\s)[^\n]{3,1500}(?:\n[^\s;][^\n]{0,99}){0,3})"
)


def _java_addresses(text: str) -> list[Failure]:
    """Jakarta Mail nests an exception for each address that was refused."""
    if "SMTPAddressFailedException" not in text:
        return []
    rows = [(row["text"], _address_of(row["text"])) for row in _JAVA_ADDRESS.finditer(text[:100_000])]
    kept = dict.fromkeys(row for row in rows if row[1])  # a cause is printed with its trace again
    return [_failure(said, None, (), to) for said, to in kept]


def _address_of(text: str) -> str | None:
    return find_recipient(one_line(text))


def wraps_reply(text: str) -> bool:
    """Whether a line that begins with a code quotes another reply in the way of a program."""
    lowered = text.lower()
    return "with message" in lowered or _may_respond(lowered)


def read(text: str) -> Bounce | None:
    """The failures an exception or dialog reports, or None where the text is none."""
    lowered = text[:20_000].lower()
    if "lasterror:" in lowered or not any(sign in lowered for sign in _SIGNS):
        return None
    if any(sign in text for sign in _DIALOGUE) and looks_like_dialogue(text):
        spoken = read_transcript(text)
        if spoken:
            return Bounce("dialog", tuple(spoken), "SMTP dialogue")
    python = _python(text) if "(" in text else []
    if python:
        return Bounce("exception", tuple(python), "smtplib exception")
    refused = _rejected_errors(text)
    if refused:
        return Bounce("exception", tuple(refused), "nodemailer error")
    refused = _java_addresses(text)
    if len(refused) > 1:
        return Bounce("exception", tuple(refused), "Jakarta Mail exception")
    dotnet = _dotnet(text)
    if dotnet:
        return Bounce("exception", tuple(dotnet), ".NET exception")
    for pattern, reader in (
        (_WITH_MESSAGE, "Symfony or Swift Mailer exception"), (_LETTRE, "lettre error"), (_CURL, "curl error"), (_ROUNDCUBE, "Roundcube error"),
        (_PHPMAILER, "PHPMailer error"), (_NODEMAILER, "nodemailer error"), (_CLASSY, "exception"), (_RESPONSE, "dialog"),
    ):  # fmt: skip
        found = pattern.search(text[:20_000]) if pattern is not _RESPONSE or _may_respond(lowered) else None
        if not found:
            continue
        groups = found.groupdict()
        code = (
            groups.get("code")
            or groups.get("b")
            or (groups.get("a") if (groups.get("a") or "")[:1] in ("2", "4", "5") else None)
        )
        words = (found["text"] or "").strip()
        if not words and not code:
            continue
        said = words if len(words) > 8 else one_line(text[found.start() : found.start() + 400])
        recipient = groups.get("address") or _named_recipient(text, found.start()) or _address_of(said)
        failure = _failure(said, code, (), recipient if recipient and "@" in recipient else None)
        if (
            failure.reply_code is None
            and failure.enhanced_code is None
            and reader not in ("nodemailer error", "PHPMailer error", "Roundcube error")
        ):
            continue
        context = one_line(text[:1_500])
        return Bounce(
            "dialog" if reader in ("dialog", "Roundcube error") else "exception",
            (failure._replace(context=context),),
            reader,
        )
    return _before_smtp(text) if any(word in lowered for word in _SOCKET) else None


def _named_recipient(text: str, end: int) -> str | None:
    found = re.search(
        r"(?:recipients? failed|recipient address|rejected e-mail address was|message recipient|Failed to add recipient|recipient"
        r"|nicht akzeptierte E-?Mail-?Adresse (?:lautet|war|ist)|adresse (?:de messagerie |e-mail )?(?:rejetée|refusée) (?:est|était)|dirección (?:de correo electrónico )?rechazada (?:es|era|fue)"
        r"|indirizzo (?:di posta elettronica )?rifiutato (?:è|era)|(?:geweigerde|afgewezen) e-mailadres (?:is|was)|endereço (?:de e-?mail )?rejeitado (?:é|era|foi))[:\s\"'(<]{1,6}"
        + ADDRESS_CORE,
        text[: end + 600],
        re.I,
    )
    return found[1] if found else None


def _before_smtp(text: str) -> Bounce:
    outlook = _OUTLOOK.search(text)
    diagnosis = read_diagnostic(text[:4_000])
    if outlook:
        known = OUTLOOK.get(outlook[0].upper())
        if known and not diagnosis.reply_code:
            _, code, named = known
            failure = Failure(diagnostic=one_line(text)[:1_000], reply_code=code, derived=("reply_code",) if code else (), own_cause=named,
                              recipient=_named_recipient(text, len(text)), direction="outgoing", software="outlook")  # fmt: skip
            return Bounce("dialog", (failure,), "Outlook dialog")
    lowered = text[:4_000].lower()
    cause = next((cause for word, cause in _STOPPED if word in lowered), None)
    answered: str | None = diagnosis.reply_code
    if answered and re.search(rf"(?:[\w\])]:|\bport[ =:,]{{1,2}}|, ){answered}\b", text[:4_000]):
        answered = None  # 465 and 587 are ports
    place = lowered.find("getaddrinfo")
    said = one_line(text[place:4_000])[:1_000] if place > 0 else diagnosis.text or one_line(text)[:1_000]
    failure = Failure(
        diagnostic=said, reply_code=answered, enhanced_code=diagnosis.enhanced_code, own_cause=cause if not answered else None,
        context=one_line(text)[:1_500], direction="outgoing", recipient=_named_recipient(text, len(text)),
    )  # fmt: skip
    return Bounce("exception", (failure,), "error before any reply")

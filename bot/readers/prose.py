"""Bounces written for people: the diagnosis stands beside each failed address. One general way for all programs.

The report part ends where the returned message begins. In it, a line led by an address opens a block, the lines up to the
next blank line or address belong to it. Where no address leads a line, the telling lines of the report decide.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.model import Failure
from bot.readers.recipients import ROLE
from bot.readers.replies import ADDRESS, ADDRESS_CORE, REFUSED, find_codes, lower_case, one_line, read_diagnostic

MAX_REPORT = 20_000  # characters of the human part that are read
MAX_BLOCKS = 1_000
MAX_CONTEXT = 4_000  # characters of a report that are kept beside each diagnostic

# Searched in lower case.
_RETURNED = re.compile(
    r"""^[ \t>]{0,6}(?:
        -{2,}\s{0,3}(?:(?:this\ is\ a|the|here\ is\ a|below\ this\ line\ is\ a|below\ is\ a|start\ of)\ )?(?:copy\ of\ the\ |copy\ of\ your\ |original\ |returned\ |undelivered\ |unsent\ |your\ )(?:message|mail|e-mail|text)[^\n]{0,60}
      | -{2,}\s{0,3}(?:original|returned|undelivered|forwarded|unsent|message)\b[^\n]{0,60}
      | -{2,}\s{0,3}(?:header|body)\ of\ (?:the\ )?(?:original\ )?(?:message|mail)[^\n]{0,40}
      | (?:original|returned)\ message\ (?:headers|follows|header)?:?[ \t]*$
      | (?:your\ )?(?:original\ )?message\ (?:headers|text|contents?|follows|is\ attached|header)[^\n]{0,20}:?[ \t]*$
      | -{2,}\s{0,3}below\ this\ line[^\n]{0,60}
      | below\ is\ (?:a\ copy\ of\ )?(?:the|your)\ (?:original\ )?(?:message|mail)[^\n]{0,40}
      | the\ header(?:s)?\ (?:of|from)\ (?:the|your)\ (?:original\ )?(?:message|mail)[^\n]{0,40}
      | (?:the\ )?(?:text|first\ \S{1,6}\ (?:lines|bytes|octets|characters)|body|header)\ of\ (?:the\ |your\ )?(?:original\ |returned\ )?(?:message|mail)[^\n]{0,60}
      | \|-{5,}\ original\ message[^\n]{0,60} | \|-{5,}\ message\ text\ follows[^\n]{0,60}
      | received-from-mta: | content-type:\ message/rfc822
      | =+\s{0,3}(?:original|returned)\ (?:message|mail)[^\n]{0,30}
    )""",
    re.X | re.M,
)
# An address leads the line, perhaps with a label, and a separator, the end, or words about it follow.
_LED = re.compile(
    rf"""^[ \t]{{0,40}}(?:[-*•·|]{{1,2}}[ \t]{{1,4}})?(?P<code>[245]\d\d[ -])?
    (?P<label>(?:(?:failed|invalid|bad|intended|final|original|target|following)\ (?:mail\ )?)?(?:recipient|address|addressee|user|to|rcpt\ to|mailbox|e?-?mail|destination)s?(?:\ address(?:es)?)?\s{{0,3}}[:=][ \t]{{0,10}}
      |(?:undeliverable\ address|can(?:'|no)t\ deliver\ (?:to|mail\ to)|delivery\ to|unable\ to\ deliver\ (?:message\ )?to|the\ user\(s\)|failed\ addresses):?[ \t]{{0,10}}
      |(?:[a-z]{{1,3}}=[^;\n]{{0,60}};\s?){{1,8}}dda:SMTP=)?
    (?P<open>["'(\[]{{0,2}}<?|<?(?:mailto:|smtp:|rfc822;)\s?)
    (?P<address>{ADDRESS_CORE})(?![^\s<>()\[\],;:\"'|\\])
    (?P<close>[>)\]"']{{0,3}})
    (?P<rest>[^\n]*)$
    """,
    re.X | re.I,
)
_ALIAS = re.compile(
    rf"^[ \t]{{0,40}}\(?(?:expanded|generated|ultimately\ generated)\ (?:from|by):?\ ?<?{ADDRESS_CORE}>?\)?",
    re.X | re.I,
)
_BARE_LABEL = re.compile(r"^[ \t]{0,20}(?:reason|diagnostic|diagnosis|error|the reason|status|details?|explanation|description|response|remote server said)[^:\n]{0,40}:", re.I)  # fmt: skip
_SEPARATOR = re.compile(r"^[ \t]*[-=_*~]{3,}[ \t]*$|^--\S{0,80}$")
_SECTION = re.compile(r"^[ \t]*-{2,}[ \t]{0,3}\S.{0,90}\S?[ \t]{0,3}-{2,}[ \t]*$")
_HEADERISH = re.compile(r"^[ \t>]{0,4}(?:From|To|Cc|Bcc|Reply-To|Subject|Date|Message-ID|Received|Return-Path|Sender|MIME-Version|Content-[A-Za-z-]+|X-[A-Za-z-]+|Delivered-To|Errors-To|List-[A-Za-z]+|DKIM-Signature|ARC-[A-Za-z-]+|Authentication-Results|References|In-Reply-To|User-Agent|Importance|Thread-[A-Za-z]+|Mime-Version|Organization)[ \t]?:", re.I)  # fmt: skip
_NOT_RECIPIENT = re.compile(r"(?:^[ \t]*(?:hello|hi|dear|hallo|bonjour|hola|ol[áa]|ciao|guten tag)|contact|kontakt|wenden sie sich|help|assistance|support|questions?|(?:please|send|by) (?:an? )?e?-?mail(?: to)?|e-?mail us|write to|postmaster|forward(?: it)? to|reply|\bfrom|sender|sent by|abuse|report to|to the address)\b[^@\n]{0,40}$")  # in lower case  # fmt: skip
_SENT_TO = re.compile(
    r"\b(?:your|ihre|deine|votre|ton|su|tu|il|uw|je|sua)\s(?:e-?)?(?:message|mail|nachricht|mensaje|messaggio|bericht|mensagem)\b[^@\n]{0,40}\b(?:to|an|à|a|aan|para)\s{1,3}<?$",
    re.I,
)
# Where a report names the server that wrote it: Microsoft's labels in its languages, Postfix, qmail, Exim, Courier, FortiMail.
_WROTE = re.compile(
    r"""(?:^[ \t]{0,8}|(?<=[.:]\ ))(?:(?:(?:generating|reporting|sending)\ server|generierender\ server|(?:serveur|servidor|server)\ (?:de\ |di\ )?(?:génération|generación|generazione|geração)
        |serveur\ générateur|servidor\ (?:generador|gerador|que\ generó)|genererende\ server|genererande\ server|genererande\ servern|serwer\ generujący|generující\ server
        |oluşturan\ sunucu|формирующий\ сервер|создающий\ сервер|сервер,\ создавший\ отчет|生成サーバー|生成服务器|正在生成服务器)\ ?:\s{0,4}
      |this\ is\ the\ (?:mail\ system\ at\ host|qmail-send\ program\ at|(?:postfix|mail)\ program\ at\ host)[ ]
      |recipients\ after\ more\ than\ \d{1,4}\ \w{1,7}\ on\ the\ queue\ on[ ]
      |this\ is\ a\ delivery\ status\ notification\ from[ ]
      |this\ is\ a\ delivery\ failure\ report\ generated\ by\ \w{1,20}\ host\ )
    ((?:[a-z0-9_-]{1,63}\.){1,10}[a-z]{2,24})\b""",
    re.X | re.I | re.M,
)
# The header of a forwarded report: the report went to its To, the message did not.
_REPORT_FROM = re.compile(r"^[ \t]{0,8}(?:From|De|Von|Da|Van|Från|Fra|Od|Kimden|Absender|Expéditeur|Remitente|Mittente|Remetente|Afzender|Nadawca|Avsender|Avsändare|От|差出人|发件人|寄件者)[ \t]?:[^\n]{0,200}(?:mailer-daemon|postmaster|mail delivery|microsoft ?(?:exchange|outlook))", re.I)  # fmt: skip
_HEADER_OF_REPORT = 6  # lines
_LABELED = re.compile(r"[ \t]{0,8}[^\s<>@:][^<>@:\n]{0,24}:")
_DELIVERED_TO = re.compile(r"(?:deliver(?:ed)?|zugestellt|remise?|entregad[oa]|entregue|consegnat[oa]|recapitat[oa]|bezorgd|afgeleverd) (?:to|an|à|a|para|bij|aan)\s{1,3}[<'\"]?$", re.I)  # fmt: skip
# Who is quoted, not who failed: `<kim@example.org> wrote:`.
_WROTE_THAT = re.compile(r"(?:schrieb|wrote|a [ée]crit|escribi[óo]|ha scritto|schreef|skrev|napisa[łl]|escreveu|kirjoitti|пишет|написал)\b[^\n]{0,80}:$", re.I)  # fmt: skip
# Searched in lower case, which takes a quarter of the time of a search that ignores case.
_TELLING = re.compile(
    r"(?:\b[45]\d\d[ -]|\b[45]\.\d{1,3}\.\d{1,3}\b|unknown|not (?:exist|found|listed|known|valid|deliver|accept|recogni)|"
    r"does ?n[o']t exist|quota|full|refused|reject|denied|unrout|disabled|inactive|invalid|no such|time[d]? ?out|loop|"
    r"hop|too (?:large|big|many|long)|exceed|blocked|expired|unable to|could not|cannot|couldn't|failed|error|spam|virus|"
    r"permission|gateway|unavailable|deferred|retr|no longer|wasn't|undeliver|returned|n't\b|sorry|failing|list of|blacklist|no \w{1,20} (?:found|indicated)|"
    r"indicated|malformed|ignored|over |limit|not a member|\bnot\b|never|died|inconnu|introuvable|desconocido|unbekannt|nicht|n'existe|ありません|できません|不明|存在しません|不存在|满)"
)


@dataclass(slots=True)
class Block:
    """An address and the lines that belong to it."""

    address: str
    lines: list[str] = field(default_factory=list)
    after: str | None = None  # the original address, where the line was only another name for it

    @property
    def text(self) -> str:
        """The words about the address, on one line."""
        return one_line(" ".join(self.lines))


def tells(text: str) -> bool:
    """Whether a text carries a code or words of failure."""
    return _TELLING.search(text.lower()) is not None


def report_part(text: str) -> str:
    """The text up to the returned message, at most MAX_REPORT characters."""
    found = _RETURNED.search(lower_case(text))
    if found and found.start() > 40 and tells(text[: found.start()]):
        text = text[: found.start()]
    return text[:MAX_REPORT]


def returned_part(text: str) -> str:
    """The text from the returned message on, "" where there is none."""
    found = _RETURNED.search(lower_case(text))
    return text[found.end() : found.end() + MAX_REPORT] if found else ""


def _lead(line: str) -> tuple[str, str, bool] | None:
    """(address, what follows on the line, labelled) of a line that an address leads, or None."""
    if "@" not in line:
        return None
    found = _LED.match(line)
    if (
        not found
        or "?" in found["address"]
        or (_HEADERISH.match(line) and not (found["label"] or "").lower().startswith("to"))
    ):
        return None
    rest = found["rest"].strip()
    if _WROTE_THAT.match(rest):
        return None
    second = re.match(rf"<{ADDRESS_CORE}>(?=:)", rest)  # `wrong@x <right@y>: …`
    if second:
        return second[1], rest[second.end() :].lstrip(":;,. \t"), True
    rest = re.sub(
        r"^\((?:expanded from|generated from|ultimately generated from|originally|reason)\b[^)]{0,300}\)[: ]{0,3}",
        lambda m: m[0][8:] if m[0].startswith("(reason") else "",
        rest,
    ).lstrip(":;,. \t")
    return found["address"].strip(".").rstrip(">"), (found["code"] or "") + rest, bool(found["label"])


def _own_lines(text: str) -> Iterator[str]:
    """The lines of a text without the header of a report that somebody forwarded."""
    left = 0
    for line in text.split("\n"):
        if ":" in line and _REPORT_FROM.match(line):
            left = _HEADER_OF_REPORT
        elif left and line.strip():
            left -= 1
        else:
            left = 0
        if not left or not _LABELED.match(line):
            yield line


def find_blocks(text: str) -> list[Block]:
    """The address-led blocks of a report, in order."""
    blocks: list[Block] = []
    current: Block | None = None
    gap = 0
    before = ""
    for line in _own_lines(text):
        alias = _ALIAS.match(line) if "ed from" in line or "ed by" in line else None
        if alias and current is None and len(blocks) < MAX_BLOCKS:
            current = Block(alias[1])
            blocks.append(current)
            continue
        lead = _lead(line) if not alias else None
        if lead and _NOT_RECIPIENT.search(before[-60:].lower() + " "):
            lead = None
        before = line
        if lead:
            address, rest, _ = lead
            same = current is not None and current.address.lower() == address.lower()
            if current is not None and same and not (gap and current.text):
                if rest:
                    current.lines.append(rest)
                continue
            original = re.match(r"^[ \t]{0,20}(?:Original address|ORCPT)", line, re.I)
            if current is not None and original:
                current.after = address
                continue
            if len(blocks) < MAX_BLOCKS:
                current = Block(address, [rest] if rest else [])
                blocks.append(current)
            gap = 0
            continue
        stripped = line.strip()
        if not stripped:
            gap += 1
            if current is not None and (gap > 4 or (current.text and tells(current.text))):
                current = None
            continue
        if current is None:
            continue
        if _SECTION.match(line) or _HEADERISH.match(line) or line.startswith(("<<<", ">>>", "... while talking")):
            current = None
            continue
        if _SEPARATOR.match(line):
            continue
        if gap and current.text and not _BARE_LABEL.match(line):
            current = None
            continue
        gap = 0
        current.lines.append(stripped)
    return blocks


def telling_lines(text: str) -> list[str]:
    """The lines of a report that carry a code or words of failure, boilerplate and headers left out."""
    return [line.strip() for line in text.split("\n") if not _HEADERISH.match(line) and tells(line)]


def _mentioned(text: str) -> str | None:
    """The address a telling sentence is about, where none leads a line; an office's only where the message went to it."""
    office = None
    for line in _own_lines(text):
        if "@" not in line or _HEADERISH.match(line):
            continue
        for found in ADDRESS.finditer(line):
            address = found[1].strip(".")
            before = line[: found.start()]
            if _NOT_RECIPIENT.search(before.lower()) and not _DELIVERED_TO.search(before):
                continue
            if ROLE.match(address):
                office = office or (address if _SENT_TO.search(before) else None)
            elif "." in address.rpartition("@")[2]:
                return address
    return office


def _addressed(text: str) -> str | None:
    """The address on a `To:` line of a report, where nothing else names one."""
    found = re.search(
        rf"^[ \t]{{0,10}}To:[ \t]{{0,5}}[^\n@]{{0,80}}?<?{ADDRESS_CORE}", "\n".join(_own_lines(text)), re.M
    )
    return found[1] if found else None


def _coded_lines(text: str) -> str:
    """The lines of a report that carry a code, with the lines that go on from them."""
    lines = text.split("\n")
    out: list[str] = []
    for number, line in enumerate(lines):
        if any(find_codes(line, REFUSED)) and not _HEADERISH.match(line):
            before = lines[number - 1].strip() if number else ""
            if before.endswith(":") or ("." in before and " " not in before and "@" not in before):
                out.append(before)  # `mx.example.org [192.0.2.1] did not like our RCPT TO:`, or the host alone
            out += [line.strip(), *(more.strip() for more in _following(lines, number))]
            if len(out) > 12:
                break
    return one_line(" ".join(dict.fromkeys(out)))


def _following(lines: list[str], number: int) -> list[str]:
    out = []
    for line in lines[number + 1 : number + 6]:
        if not line.strip() or _HEADERISH.match(line) or _SECTION.match(line):
            break
        out.append(line)
    return out


def _best_line(text: str) -> str:
    """The lines of a report that say most: those with codes, else those with words of failure, else all."""
    return _coded_lines(text) or one_line(" ".join(telling_lines(text)[:8])) or one_line(text)[:1_000]


def context_of(part: str, blocks: list[Block]) -> str:
    """The words of a report that are about all its recipients: without what it says of each."""
    context = one_line(part)[:MAX_CONTEXT]
    if len(blocks) > 1:
        for block in blocks:
            context = context.replace(block.text, " ", 1) if tells(block.text) else context
    return context


def read_prose(text: str, known: tuple[str, ...] = ()) -> list[Failure]:
    """Every failed recipient of a report written for people; `known` are recipients its headers name."""
    return read_part(report_part(text), known)


def read_part(part: str, known: tuple[str, ...] = ()) -> list[Failure]:
    """The same from the part of a report that stands before the returned message."""
    blocks = _merged(find_blocks(part))
    wanted = {address.lower() for address in known}
    if wanted:
        named = [block for block in blocks if block.address.lower() in wanted]
        blocks = named
    told = [block for block in blocks if tells(block.text)]
    kept = told if told else blocks
    shared = context_of(part, told)
    wrote = _WROTE.search(part)
    reporting = wrote[1] if wrote else None
    failures = []
    elsewhere = _coded_lines(part) if not any(any(find_codes(block.text, REFUSED)) for block in kept) else ""
    for block in kept:
        own = bool(told) and not elsewhere
        diagnosis = read_diagnostic("\n".join(block.lines) if own else elsewhere or _best_line(part))
        failures.append(
            _failure(
                block.after or block.address,
                diagnosis,
                f"{shared} {block.text}" if len(told) > 1 else shared,
                reporting,
            )
        )
    if failures:
        return failures
    diagnosis = read_diagnostic(_best_line(part))
    recipients: tuple[str | None, ...] = known or (_mentioned(part) or _addressed(part),)
    return [_failure(recipient, diagnosis, shared, reporting) for recipient in recipients]


def _failure(recipient: str | None, diagnosis, context: str, reporting: str | None) -> Failure:  # type: ignore[no-untyped-def]
    return Failure(
        diagnostic=diagnosis.text, recipient=recipient, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code,
        remote_mta=diagnosis.host, command=diagnosis.command, outer=diagnosis.outer, context=context, direction="outgoing", reporting_mta=reporting,
    )  # fmt: skip


def _merged(blocks: list[Block]) -> list[Block]:
    """One block for one address: the first place, all the words."""
    by_address: dict[str, Block] = {}
    for block in blocks:
        if ROLE.match(block.address) and len(blocks) > 1 and not tells(block.text):
            continue  # an office is a contact where others are named
        known = by_address.setdefault(block.address.lower(), block)
        if known is not block:
            known.lines += block.lines
    return list(by_address.values())

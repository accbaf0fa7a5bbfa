"""Templates of the knowledge -> sentences about this text: placeholders filled with its values, or with plain words.

Between backticks a missing value becomes a CAPITAL stand-in, in prose it becomes words, so that either reads well.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import IPv6Address

from bot.model import Failure, Verdict
from bot.readers.replies import ADDRESS_CORE

_HOLE = re.compile(r"\{([a-z_]{2,20})\}")
_CHOICE = re.compile(r"\[\[(.{1,600}?)\]\]")
_IPV4 = re.compile(r"(?<![\w.])(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])((?:[0-9A-Fa-f]{1,4}:){2,7}[0-9A-Fa-f:]{1,39})(?![\w:])")
_BRACKETED_IP = re.compile(r"[\[(](?:IPv6:)?([0-9A-Fa-f.:]{3,45})[\])]")
_HOST_BEFORE = re.compile(r"(?:[A-Za-z0-9-]\.[A-Za-z]{2,24}\.?|[Rr]emote ?(?:server|host)) ?\Z")
_URL = re.compile(r"https?://[^\s<>\"'\])]{3,300}")
_SENDER = re.compile(r"(?:MAIL FROM:?|from=|[Ss]ender(?: address)?(?: rejected)?:?|[Ff]rom:?)\s{0,3}<?" + ADDRESS_CORE)
_SENDER_REFUSED = re.compile(r"<?" + ADDRESS_CORE + r">?:? [Ss]ender (?:address |verify |refused|rejected)")
_SENDER_TOLD = re.compile(r"(?:your (?:e?mail )?(?:address|account)|[?;&]id=)\s?<?" + ADDRESS_CORE)
# Sought in lower case, which is faster than to ignore it.
_SENDER_DOMAIN = re.compile(
    r"(?:email from|domain of sender address|not allowed to send (?:mail )?(?:from|for)|checks? failed for|domain)\s{1,3}[\[<\"']?(?:\S{1,128}@)?((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})"
)  # fmt: skip
_AUTH_DOMAIN = re.compile(
    r"(?:(?:spf|dkim|dmarc)\s{1,3}[\[(]|header\.from=|smtp\.mailfrom=|header\.[di]=@?|d(?<!\wd)=|(?:policy|record|spf|dmarc|dkim|domain)\s{1,3}(?:of|for|in)\s{1,3}<?)(?:[^\s@]{1,64}@)?((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})\b"
)  # fmt: skip
_NEW_ADDRESS = re.compile(
    r"(?:try|use|contact|moved to|address is(?: now)?|forward to|write to|new address:?)\s{1,3}<?" + ADDRESS_CORE, re.I
)
_LOOKED_UP = re.compile(r"(?:name=|\b(?:MX|A|mail)(?: record)?s? (?:for|of) |\bdomain |\bresolving |\bresolve |\blooking up )<?((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})\b", re.I)  # fmt: skip
_SOUGHT = re.compile(
    r"(?:ENOTFOUND|EAI_AGAIN|\blookup|\bwith host|\bgetaddrinfo for|\bresolve(?: host)?:?) \"?((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})\b",
    re.I,
)
_SPOKE = re.compile(r"(?:421[ -])?(?:\d\.\d{1,3}\.\d{1,3} )?((?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}) (?:Service|Error|closing|Too|E?SMTP|busy)", re.I)  # fmt: skip
_LIST = re.compile(r"(?:using|by|at|in|on|list(?:ed)?)\s{1,3}((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})", re.I)
_BYTES = re.compile(r"(?:\(|\blimit of )(\d{1,12} ?(?:bytes|[KMG]i?B)?)", re.I)
_SIZE = re.compile(r"(\d{1,12})\s?([KMG]i?B)?", re.I)
_LIMIT = re.compile(r"(?:maximum|limit|max)[^\d\n]{0,40}(\d[\d.,]{0,15}\s?(?:bytes|octets|[kKMG]i?B)?)")


_Piece = tuple[str, bool, bool]  # text or name, whether it is a name, whether inside backticks
_Choice = tuple[tuple[tuple[str, ...], str], ...]  # (the names that must be known, the text), the last without any


@lru_cache(maxsize=16_384)
def _compiled(template: str) -> tuple[_Piece, ...]:
    """A template without choices as its pieces."""
    pieces: list[_Piece] = []
    position = 0
    for found in _HOLE.finditer(template):
        if found.start() > position:
            pieces.append((template[position : found.start()], False, False))
        pieces.append((found[1], True, template.count("`", 0, found.start()) % 2 == 1))
        position = found.end()
    if position < len(template):
        pieces.append((template[position:], False, False))
    return tuple(pieces)


@lru_cache(maxsize=16_384)
def _choices(template: str) -> tuple[str | _Choice, ...]:
    """A template as the texts and the choices it is made of."""
    made: list[str | _Choice] = []
    position = 0
    for found in _CHOICE.finditer(template):
        *texts, last = found[1].split("||") if "||" in found[1] else (found[1], "")
        made.append(template[position : found.start()])
        made.append((*((tuple(_HOLE.findall(text)), text) for text in texts), ((), last)))
        position = found.end()
    return (*made, template[position:])


@lru_cache(maxsize=16_384)
def _compiled_chosen(template: str) -> tuple[_Piece, ...]:
    """The pieces of a template whose choices were made; one that is empty leaves no blank behind."""
    return _compiled(" ".join(template.split()))


class Values:
    """What the placeholders stand for in one answer; a value is looked for only when a sentence asks for it."""

    __slots__ = ("_cause", "_defaults", "_failure", "_known", "_lookup", "_provider_name")

    def __init__(
        self,
        failure: Failure,
        verdict: Verdict,
        defaults: dict[str, dict[str, str]],
        provider_name: str | None,
        lookup: str | None = None,
        known: Mapping[str, str] | None = None,
    ) -> None:
        self._cause = verdict.cause
        self._failure, self._defaults, self._provider_name, self._lookup = failure, defaults, provider_name, lookup
        self._known: dict[str, str | None] = {**known} if known else {}

    def get(self, name: str) -> str | None:
        """The value of a placeholder in this text, or None."""
        if name not in self._known:
            find = _FINDERS.get(name)
            self._known[name] = find(self) if find else None
        return self._known[name]

    def shown(self, name: str, in_command: bool) -> str:
        """What is printed: the value, or its stand-in."""
        value = self.get(name)
        if value:
            return value
        return self._defaults.get("command" if in_command else "prose", {}).get(
            name, name.upper().replace("_", "-") if in_command else name
        )

    def fill(self, template: str) -> str:
        """The sentence with every placeholder filled; a stand-in at its start is capitalized.

        Of `[[one||another||last]]` the first is taken whose values are all known, at the end the last, which may be empty.
        """
        if "{" not in template:
            return template
        pieces = _compiled_chosen(self._chosen(template)) if "[[" in template else _compiled(template)
        out = "".join([self.shown(text, coded) if hole else text for text, hole, coded in pieces])
        return out[:1].upper() + out[1:] if pieces and pieces[0][1] and self.get(pieces[0][0]) is None else out

    def _chosen(self, template: str) -> str:
        return "".join(
            [
                part if isinstance(part, str) else next(text for names, text in part if all(map(self.get, names)))
                for part in _choices(template)
            ]
        )

    # the single values

    def recipient(self) -> str | None:
        """The failed recipient's address."""
        address = self._failure.recipient
        if not address or "@" not in address or (self._cause == "mailbox-moved" and address == self.get("new_address")):
            return None
        return address

    def new_address(self) -> str | None:
        """The address that the reply offers in place of the old one."""
        found = _NEW_ADDRESS.search(self._text())
        return found[1] if found else None

    def recipient_domain(self) -> str | None:
        """The domain of the failed recipient, or the one that DNS does not find."""
        address = self.get("recipient")
        if address:
            return _domain(address)
        found = _LOOKED_UP.search(self._text()) if self._cause in ("dns-failure", "domain-not-found") else None
        return found[1].lower() if found else None

    def sender(self) -> str | None:
        """The envelope sender or From address the text names."""
        if self._failure.sender:
            return self._failure.sender
        text = self._text()
        if "@" not in text:
            return None
        found = _SENDER_REFUSED.search(text) or _SENDER.search(text) or _SENDER_TOLD.search(text)
        return found[1] if found else None

    def sender_domain(self) -> str | None:
        """The sending domain the text names."""
        text = self._text()
        lowered = text.lower()
        if len(lowered) != len(text):  # a letter became two
            lowered = text
        found = _SENDER_DOMAIN.search(lowered) or _AUTH_DOMAIN.search(lowered)
        if found and "." in found[1]:
            return text[found.start(1) : found.end(1)].rstrip(".")
        address = self.get("sender")
        return _domain(address) if address and "@" in address else None

    def ip(self) -> str | None:
        """The sending IP the text names; never the address printed beside the server that spoke."""
        incoming = self._failure.direction == "incoming"
        text = f"{self._failure.context[:300]} {self._text()}" if incoming else self._text()
        found = _IPV4.search(text) or (_IPV6.search(text) if text.count(":") > 1 else None)
        if found is None:
            return None
        printed = [] if incoming else _printed_beside_hosts(text)
        # An address that stands elsewhere too (in a link to a block list) is not only the server's own.
        beside = {address for address in printed if text.count(address) == printed.count(address)}
        own = None if incoming else self._failure.remote_mta  # qmail names the server by its address
        for pattern in (_IPV4, _IPV6):
            for found in pattern.finditer(text):
                address = found[1]
                if (
                    address in beside
                    or address == own
                    or address.startswith(("127.", "0."))
                    or (pattern is _IPV6 and not _is_ipv6(address))
                ):
                    continue
                if pattern is _IPV4 and any(int(part) > 255 for part in address.split(".")):
                    continue
                return address
        return None

    def reversed_ip(self) -> str | None:
        """The IPv4 address with its parts in reverse, as DNS lists are asked."""
        address = self.get("ip")
        return ".".join(reversed(address.split("."))) if address and "." in address else None

    def spf_ip(self) -> str | None:
        """The sending IP as a term of an SPF record."""
        address = self.get("ip")
        return f"ip{'6' if ':' in address else '4'}:{address}" if address else None

    def ptr_name(self) -> str | None:
        """The name under which the sending IP's PTR record stands in DNS."""
        address = self.get("ip")
        if address is None or ":" not in address:
            return f"{self.get('reversed_ip')}.in-addr.arpa" if address else None
        try:
            return IPv6Address(address).reverse_pointer
        except ValueError:
            return None

    def host(self) -> str | None:
        """The server that spoke; a 421 begins with its name (RFC 5321 section 4.2.3)."""
        if self._failure.remote_mta or self._failure.reply_code != "421":
            return self._failure.remote_mta
        found = _SPOKE.match(self._text())
        return found[1] if found else None

    def smtp_host(self) -> str | None:
        """The outgoing server that one's own program talked to, or whose name it did not find."""
        found = None if self.get("host") else _SOUGHT.search(f"{self._text()} {self._failure.context[:2_000]}")
        return found[1] if found else self.get("host")

    def reporting_host(self) -> str | None:
        """The server that wrote the report."""
        return self._failure.reporting_mta

    def provider(self) -> str | None:
        """The name of the provider that spoke."""
        return self._provider_name

    def list_link(self) -> str | None:
        """The page where the provider that spoke, or the list it quotes, is asked about the sending IP."""
        if self._lookup is None:
            return None
        return self.fill(self._lookup) if self.get("ip") else self._lookup.split("{ip}")[0]

    def list(self) -> str | None:
        """The block list the text names, by its zone."""
        found = _LIST.search(self._text())
        return found[1] if found else None

    def limit(self) -> str | None:
        """The size limit the text names, in megabytes too where it is a bare number of bytes."""
        found = _LIMIT.search(self._text()) or _BYTES.search(self._text())
        if found is None:
            return None
        size = found[1].strip(" .,")
        octets = _octets(size)
        return f"{octets / 1_048_576:.0f} MB ({octets} bytes)" if octets and size[-1].lower() in "0123456789s" else size

    def limit_files(self) -> str | None:
        """The size of files that fit under the limit: base64 makes them about 37 % larger."""
        octets = _octets(self.get("limit") or "")
        return f"{octets / 1.37 / 1_048_576:.0f} MB" if octets and octets >= 1_048_576 else None

    def queue_id(self) -> str | None:
        """The queue id of the message on the sending server."""
        return self._failure.queue_id

    def reply(self) -> str | None:
        """The deciding reply with its codes, on one line."""
        codes = " ".join(
            code
            for code in (self._failure.reply_code, self._failure.enhanced_code)
            if code and not self._failure.diagnostic.startswith(code)
        )
        if codes and self._failure.enhanced_code and self._failure.enhanced_code in self._failure.diagnostic[:24]:
            codes = ""
        return f"{codes} {self._failure.diagnostic}".strip()[:400] or None

    def code(self) -> str | None:
        """The codes as they stand."""
        return " ".join(code for code in (self._failure.reply_code, self._failure.enhanced_code) if code) or None

    def url(self) -> str | None:
        """The first link the reply gives."""
        found = _URL.search(self._failure.diagnostic)
        return found[0].rstrip(".,;") if found else None

    def _text(self) -> str:
        return self._failure.diagnostic[:2_000]


def _printed_beside_hosts(text: str) -> list[str]:
    """The IP addresses in brackets behind a host name."""
    return [
        found[1]
        for found in _BRACKETED_IP.finditer(text)
        if _HOST_BEFORE.search(text, max(0, found.start() - 28), found.start())
    ]


def _domain(address: str) -> str:
    return address.rsplit("@", 1)[1].rstrip(".>").lower()


def _octets(size: str) -> int | None:
    """The number of octets in `26214400 bytes`, `10 MB` or `25 MB (26214400 bytes)`."""
    found = _SIZE.search(size)
    if found is None:
        return None
    unit = (found[2] or "")[:1].lower()
    number = int(found[1])
    return (
        number * {"k": 1_024, "m": 1_048_576, "g": 1_073_741_824}[unit]
        if unit
        else number
        if number > 100_000
        else None
    )


def _is_ipv6(text: str) -> bool:
    return (
        text.count(":") >= 2
        and text.count("::") <= 1
        and not re.fullmatch(r"\d{1,2}:\d\d:\d\d", text)
        and all(len(part) <= 4 for part in text.split(":"))
    )


_FINDERS: dict[str, Callable[[Values], str | None]] = {
    name: getattr(Values, name)
    for name in (
        "recipient",
        "recipient_domain",
        "sender",
        "sender_domain",
        "ip",
        "reversed_ip",
        "spf_ip",
        "ptr_name",
        "host",
        "smtp_host",
        "new_address",
        "reporting_host",
        "provider",
        "list",
        "list_link",
        "limit",
        "limit_files",
        "queue_id",
        "reply",
        "code",
        "url",
    )
}
PLACEHOLDERS = frozenset(_FINDERS)

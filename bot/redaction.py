"""The one redaction: masks addresses where others may read, and all that a log must not hold. Linear in the text."""

import re

MASK = "•••"

_STOPS = frozenset("<>()[]{},;:?&\"'`|\\@“”‘’«»")  # no part of an unquoted local part as people paste it
_AT = re.compile(r"@|%40", re.I)
_DOMAIN = re.compile(r"(?:[^\W_]|[-_])+(?:\.(?:[^\W_]|[-_])+){0,20}|\[[0-9A-Fa-f.:IPv]{2,60}\]")
_FIELD = re.compile(r"(?:orig_to|to|from|sender|recipient|rcpt|user|email|mail|address|authid|sasl_username)=", re.I)
_MAX_QUOTED = 200

_URL = re.compile(r"\b(https?|wss?)://([^\s/?#\"'<>]{1,255})[^\s\"'<>]*", re.I)
_SECRET = re.compile(
    r"""
    \bx(?:ox[a-z]|app)[-.][\w.-]+                # Slack tokens: xoxb-, xoxp-, xoxe., xapp-
    | \bv0=[0-9a-f]+                             # a request signature
    | \bbearer\s+[^\s"',]+
    | \b[\w-]{23,30}\.[\w-]{6,7}\.[\w-]{27,50}   # a Discord token
    | \b[0-9a-f]{32,}\b                          # a signing secret, a hash
    | \b\d{8,14}\.\d{8,14}\.[0-9a-f]{16,}      # a trigger id
    """,
    re.I | re.X,
)
_NAMED = re.compile(
    r"""((?:token|secret|password|passwd|signature|authorization|api_key|trigger_id|code|state)["']?\s?[=:]\s?["']?)"""
    r"""(?!•)[^\s"',;&}\]]+""",
    re.I,
)


def mask_addresses(text: str) -> str:
    """The text with the local part of every e-mail address masked but for its first letter; domains stay."""
    if "@" not in text and "%40" not in text:
        return text
    out: list[str] = []
    done = 0
    for at in _AT.finditer(text):
        domain = _DOMAIN.match(text, at.end())
        if not domain:
            continue
        start = _local_start(text, at.start(), done)
        if start < at.start():
            first = text[start + 1] if text[start] == '"' else text[start].strip(MASK)
            out += (text[done:start], first, MASK, text[at.start() : domain.end()])
            done = domain.end()
    out.append(text[done:])
    return "".join(out)


def _local_start(text: str, end: int, floor: int) -> int:
    """Where the local part that ends before `end` begins; `end` where there is none."""
    if text[end - 1 : end] == '"':
        quote = text.rfind('"', max(floor, end - _MAX_QUOTED), end - 1)
        return quote if quote >= 0 else end
    start = end
    while start > floor and text[start - 1] not in _STOPS and not text[start - 1].isspace():
        start -= 1
    field = _FIELD.match(text, start)
    start = field.end() if field else start
    while start < end - 1 and text[start] in "*_~=./-+":
        start += 1
    return start


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text fit for a log: no address, token, signature, secret, nor the path of any link."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    text = _URL.sub(lambda found: f"{found[1]}://{found[2].rpartition('@')[2]}/{MASK}", text)
    text = _NAMED.sub(lambda found: found[1] + MASK, text)
    return mask_addresses(_SECRET.sub(MASK, text))

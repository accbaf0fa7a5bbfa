"""Whose address stands in a text: the recipient's, not the sender's, not a contact's."""

import re

from bot.readers.replies import ADDRESS

MAX_READ = 4_000  # characters in which a recipient is looked for

# Addresses of offices, which a report names as contact.
ROLE = re.compile(
    r"^(?:postmaster|mailer-daemon|abuse|hostmaster|support|help|helpdesk|double-bounce|owner-\S{1,64}|\S{1,64}-(?:owner|request|bounces))@",
    re.I,
)
_SENDER_SIGN = re.compile(r"(?:MAIL FROM|sender(?: address)?(?: rejected)?|from(?:=|:)|contact|e-?mail|mailto|write to|forward[^@]{0,40}to|send[^@]{0,30}to|abuse|see|notify|message[- ]?id|msgid|return-path|on behalf of|bounce[sd]?|identit(?:y|ies)[^@]{0,60}|owned by user|reply-to|authenticated as|login name|verified)[^@]{0,12}[<\s:(=\[]{1,3}$", re.I)  # fmt: skip
# `rcpt=kim@example.org` of logs that write names and values.
_KEY = re.compile(
    r"(?:(from|sender|id|mfrom|user|username|login|auth|mail_?from|envelope_?from)|to|rcpt|recipients?|email|addr|address)=",
    re.I,
)
_SENDER_AFTER = re.compile(
    r"^[>)\]]?:? ?(?:sender (?:address )?(?:rejected|refused|denied|unknown|verify)|sender rejected|is not allowed to send|on behalf|\.{3} ?sender|domain of sender)",
    re.I,
)


def find_recipient(text: str) -> str | None:
    """The recipient a reply names, or None: an address that is a sender's or a contact's is not one."""
    at = text.find("@")
    if at < 0:
        return None
    for found in ADDRESS.finditer(text, text.rfind(" ", 0, at) + 1, MAX_READ):
        address = found[1].strip(".")
        named = _KEY.match(address)
        if named:
            if named[1]:
                continue
            address = address[named.end() :]
        before, after = text[max(0, found.start() - 60) : found.start()], text[found.end() : found.end() + 40]
        if _SENDER_SIGN.search(before) or _SENDER_AFTER.match(after):
            continue
        if ROLE.match(address) or "." not in address.rpartition("@")[2]:
            continue
        return address
    return None

"""Events that mail servers log as JSON (KumoMTA, maddy), and those of Azure Communication Services and Elastic Email -> Failure."""

import re
from collections.abc import Callable

from bot.codes import permanence_of
from bot.model import Failure
from bot.readers.events_services import Event, address_in, as_dict, as_text, make

_KUMOMTA = {
    "Delivery": "delivered", "Bounce": "failed", "AdminBounce": "failed", "Expiration": "failed", "OOB": "failed", "Rejection": "failed",
    "TransientFailure": "delayed", "Delayed": "delayed",
}  # fmt: skip
_KUMOMTA_CAUSES = {"Expiration": "delivery-expired", "Feedback": "complaint"}


def _status(value: object) -> str:
    """An enhanced code written as {class, subject, detail}, or as it is."""
    parts = as_dict(value)
    return ".".join(as_text(parts.get(name)) for name in ("class", "subject", "detail")) if parts else as_text(value)


def kumomta(event: Event) -> list[Failure] | None:
    """KumoMTA's log records: type, recipient, response {code, enhanced_code, content, command}."""
    kind, response = as_text(event.get("type")), as_dict(event.get("response"))
    if "content" not in response or "recipient" not in event:
        return None
    action = _KUMOMTA.get(kind)
    cause = _KUMOMTA_CAUSES.get(kind)
    if action is None and cause is None:
        return []
    host = as_dict(event.get("peer_address")).get("name")
    failure = make(
        address_in(event.get("recipient")), as_text(response.get("content")), cause=cause, action=action or "failed", code=response.get("code"),
        status=_status(response.get("enhanced_code")), host=as_text(host).rstrip("."), sender=address_in(event.get("sender")),
        permanence="temporary" if action == "delayed" else None,
    )  # fmt: skip
    return [failure._replace(direction="incoming") if kind == "Rejection" else failure]


def maddy(event: Event) -> list[Failure] | None:
    """The fields of maddy's log lines: smtp_code, smtp_enchcode, smtp_msg; a line with src_ip refuses what others bring."""
    if "smtp_code" not in event or not {"smtp_enchcode", "msg_id"} & event.keys():
        return None
    code = as_text(event.get("smtp_code"))
    temporary = permanence_of(code) == "temporary"
    said = as_text(event.get("smtp_msg"))
    reason = as_text(event.get("reason"))
    failure = make(
        address_in(event.get("rcpt")), said or reason, action="delayed" if temporary else "failed", code=code, status=event.get("smtp_enchcode"),
        host=event.get("remote_server"), context=reason, sender=address_in(event.get("sender"), event.get("from")),
    )  # fmt: skip
    return [failure._replace(direction="incoming") if "src_ip" in event else failure]


_AZURE = {
    "bounced": None,
    "failed": None,
    "suppressed": "suppressed",
    "quarantined": "spam-content",
    "filteredspam": "spam-content",
}


def azure(event: Event) -> list[Failure] | None:
    """Azure Communication Services: EmailDeliveryReportReceived."""
    kind = as_text(event.get("eventType") or event.get("type"))
    data = as_dict(event.get("data"))
    if not kind.endswith("EmailDeliveryReportReceived") or not data:
        return None
    to, state = address_in(data.get("recipient")), as_text(data.get("status")).lower()
    details = as_dict(data.get("deliveryStatusDetails"))
    said = as_text(details.get("statusMessage"))
    host = details.get("recipientMailServerHostName")
    if state not in _AZURE:
        return [make(to, said or "delivered", action="delivered")]
    return [make(to, said, cause=_AZURE[state], host=host, context=state, sender=address_in(data.get("sender")))]


_ELASTIC = {
    "spam": "spam-content", "blacklisted": "sender-blocklisted", "nomailbox": "mailbox-not-found", "greylisted": "greylisted", "throttled": "rate-limited",
    "timeout": "connection-failed", "connectionproblem": "connection-failed", "connectionterminated": "connection-failed", "spfproblem": "authentication-failed",
    "accountproblem": "mailbox-disabled", "dnsproblem": "domain-not-found", "contentfilter": "content-rejected",
}  # fmt: skip


def elastic_email(event: Event) -> list[Failure] | None:
    """Elastic Email's webhook: status Error or AbuseReport, category, bouncemessage or message."""
    if not {"category", "messagecategory"} & event.keys() or not {"transaction", "messageid"} & event.keys():
        return None
    to, sender = address_in(event.get("to")), address_in(event.get("from"))
    state = as_text(event.get("status")).lower()
    category = as_text(event.get("category") or event.get("messagecategory")).lower()
    if state == "abusereport":
        return [make(to, "complaint", cause="complaint", sender=sender)]
    if state not in ("error", "bounced"):
        return [make(to, "delivered", action="delivered", sender=sender)]
    said = as_text(event.get("bouncemessage") or event.get("message"))
    return [make(to, said, cause=_ELASTIC.get(category), context=category, sender=sender)]


def postfix_queue(event: Event) -> list[Failure] | None:
    """A row of `postqueue -j`: the recipients of one message, each with why it waits."""
    rows = event.get("recipients")
    if "queue_id" not in event or "queue_name" not in event or not isinstance(rows, list):
        return None
    sender, queue = address_in(event.get("sender")), as_text(event.get("queue_id"))
    made = [
        make(address_in(row.get("address")), as_text(row.get("delay_reason")), action="delayed", permanence="temporary", sender=sender)
        for row in map(as_dict, rows[:1_000]) if row.get("delay_reason")
    ]  # fmt: skip
    return [failure._replace(software="postfix", queue_id=queue) for failure in made]


OTHERS: tuple[Callable[[Event], list[Failure] | None], ...] = (kumomta, maddy, azure, elastic_email, postfix_queue)

_FORM = re.compile(r"(?:\A|\s)((?:[\w.-]{1,40}=[^\s&]{0,4000}&){2,100}[\w.-]{1,40}=[^\s&]{0,4000})")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def form_fields(text: str) -> Event | None:
    """The fields of a webhook posted as a form (`to=a%40b&status=Error`), or None."""
    found = _FORM.search(text, 0, 8_000) if "=" in text[:200] and "&" in text[:400] else None
    if found is None:
        return None
    pairs = (pair.partition("=") for pair in found[1].split("&"))
    return {name: _unquoted(value) for name, _, value in pairs}


def _unquoted(value: str) -> str:
    value = value.replace("+", " ")
    return _PERCENT.sub(lambda m: bytes.fromhex(m[0].replace("%", "")).decode("utf-8", "replace"), value)

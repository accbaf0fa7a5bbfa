"""One reader for each sending service: an event as the service writes it -> Failure. The service's own type fields say
whether it is permanent; the quoted reply says the rest.
"""

import re
from collections.abc import Callable
from typing import Any

from bot.codes import STATUS, normal_status
from bot.model import Failure, Permanence
from bot.readers.replies import ADDRESS, one_line, read_diagnostic

Event = dict[str, Any]
_SUPPRESSED = "suppressed"
_TEMPORARY: Permanence = "temporary"
_PERMANENT: Permanence = "permanent"


def as_text(value: Any) -> str:
    """A value as words: a string, the strings of a list, or nothing."""
    if isinstance(value, list):
        return " ".join(as_text(item) for item in value[:20])
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def address_in(*values: Any) -> str | None:
    for value in values:
        found = ADDRESS.search(as_text(value))
        if found:
            return found[1].rstrip(".")
    return None


def as_dict(value: Any) -> Event:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def make(
    recipient: str | None, said: str, *, permanence: Permanence = None, cause: str | None = None, action: str = "failed", code: Any = None, status: Any = None,
    host: Any = None, reporting: Any = None, context: str = "", sender: str | None = None,
) -> Failure:  # fmt: skip
    """The failure one event reports; codes given in fields of their own fill what the words leave open."""
    said = re.sub(r"^\s*(?:smtp|x-\w{2,20});\s*", "", said, flags=re.I)
    diagnosis = read_diagnostic(said)
    reply = diagnosis.reply_code or (as_text(code) if re.fullmatch(r"[245]\d\d", as_text(code)) else None)
    found = STATUS.search(as_text(status))
    enhanced = diagnosis.enhanced_code or (normal_status(found[1]) if found else None)
    delivered = action == "delivered"
    mta = re.search(r"(?:^|[\s;(])([A-Za-z0-9.:-]{3,255})\)?$", as_text(reporting))
    return Failure(
        diagnostic=diagnosis.text or one_line(context)[:300], recipient=recipient, reply_code=reply, enhanced_code=enhanced, action=action,
        remote_mta=diagnosis.host or as_text(host) or None, reporting_mta=mta[1] if mta else None, command=diagnosis.command, outer=diagnosis.outer,
        context=one_line(context)[:1_000], direction="outgoing", sender=sender, software="event", own_cause="accepted" if delivered else cause, own_permanence=permanence,
    )  # fmt: skip


def _accepted(recipient: str | None, said: str = "") -> list[Failure]:
    return [make(recipient, said or "delivered", action="delivered")]


_SES_CAUSES = {
    "noemail": "mailbox-not-found", "suppressed": _SUPPRESSED, "onaccountsuppressionlist": _SUPPRESSED, "mailboxfull": "mailbox-full", "messagetoolarge": "message-too-large",
    "contentrejected": "content-rejected", "attachmentrejected": "content-rejected", "spamdetected": "spam-content", "recipientservererror": "service-unavailable",
    "ipfailure": "poor-reputation", "transientcommunicationfailure": "connection-failed", "internalfailure": "server-error", "unsubscribedrecipient": _SUPPRESSED,
}  # fmt: skip


def amazon_ses(event: Event) -> list[Failure] | None:
    """Amazon SES: notificationType (SNS) or eventType (event publishing)."""
    kind = as_text(event.get("notificationType") or event.get("eventType"))
    if not kind or (
        "mail" not in event and not {"bounce", "complaint", "deliveryDelay", "delivery", "reject"} & event.keys()
    ):
        return None
    mail = as_dict(event.get("mail"))
    sender = address_in(mail.get("source"))
    kind = kind.lower().replace(" ", "")
    if kind == "bounce":
        bounce = as_dict(event.get("bounce"))
        permanence: Permanence = {"permanent": _PERMANENT, "transient": _TEMPORARY}.get(
            as_text(bounce.get("bounceType")).lower()
        )
        subtype = as_text(bounce.get("bounceSubType"))
        rows = bounce.get("bouncedRecipients") or [
            {"emailAddress": address} for address in mail.get("destination") or [None]
        ]
        return [
            make(address_in(row.get("emailAddress")), as_text(row.get("diagnosticCode")), permanence=permanence, cause=_SES_CAUSES.get(subtype.lower()), status=row.get("status"),
                 reporting=as_text(bounce.get("reportingMTA")), context=f"{bounce.get('bounceType')} {subtype}", sender=sender)
            for row in map(as_dict, rows[:1_000])
        ]  # fmt: skip
    if kind == "complaint":
        rows = as_dict(event.get("complaint")).get("complainedRecipients") or [{}]
        return [make(address_in(row.get("emailAddress")), "complaint", cause="complaint", sender=sender) for row in map(as_dict, rows[:1_000])]  # fmt: skip
    if kind == "deliverydelay":
        delay = as_dict(event.get("deliveryDelay"))
        cause = _SES_CAUSES.get(as_text(delay.get("delayType")).lower())
        return [
            make(address_in(row.get("emailAddress")), as_text(row.get("diagnosticCode")), permanence=_TEMPORARY, cause=cause or "delayed", action="delayed",
                 status=row.get("status"), context=as_text(delay.get("delayType")), sender=sender)
            for row in map(as_dict, (delay.get("delayedRecipients") or [{}])[:1_000])
        ]  # fmt: skip
    to = address_in(as_dict(event.get("delivery")).get("recipients"), mail.get("destination"))
    if kind == "reject":
        reason = as_text(as_dict(event.get("reject")).get("reason"))
        return [make(to, reason, permanence=_PERMANENT, cause="virus-detected" if "bad content" in reason.lower() else "content-rejected", sender=sender)]  # fmt: skip
    if kind == "renderingfailure":
        return [make(to, as_text(as_dict(event.get("failure")).get("errorMessage")), permanence=_PERMANENT, cause="content-rejected", sender=sender)]  # fmt: skip
    return _accepted(to, as_text(as_dict(event.get("delivery")).get("smtpResponse")))


_SENDGRID_DROPS = {
    "bounced address": _SUPPRESSED, "unsubscribed address": _SUPPRESSED, "spam reporting address": _SUPPRESSED, "recipient list over package quota": "rate-limited",
    "invalid": "bad-address-syntax", "invalid smtpapi header": "protocol-error", "spam content": "spam-content", "spam content (if spam checker app is enabled)": "spam-content",
    "invalid recipient domain": "domain-not-found",
}  # fmt: skip
_SENDGRID_CLASSES = {
    "invalid address": "mailbox-not-found", "content": "content-rejected", "reputation": "poor-reputation", "frequency or volume too high": "rate-limited",
    "frequency/volume": "rate-limited", "mailbox unavailable": "mailbox-disabled",
}  # fmt: skip


def sendgrid(event: Event) -> list[Failure] | None:
    """SendGrid's event webhook, one event."""
    if (
        "sg_event_id" not in event
        and "sg_message_id" not in event
        and not {"bounce_classification", "smtp-id"} & event.keys()
    ):
        return None
    kind, said = as_text(event.get("event")).lower(), as_text(event.get("reason") or event.get("response"))
    to, status = address_in(event.get("email")), event.get("status")
    if kind == "spamreport":
        return [make(to, "spam report", cause="complaint")]
    if kind == "deferred":
        return [make(to, said, permanence=_TEMPORARY, action="delayed", cause="delayed", status=status)]
    if kind == "dropped":
        return [
            make(
                to,
                said,
                permanence=_PERMANENT,
                cause=_SENDGRID_DROPS.get(said.lower(), _SUPPRESSED),
                status=status,
                context=said,
            )
        ]
    if kind in ("bounce", "blocked"):
        blocked = kind == "blocked" or as_text(event.get("type")).lower() == "blocked"
        cause = _SENDGRID_CLASSES.get(as_text(event.get("bounce_classification")).lower())
        return [make(to, said, permanence=None if blocked else _PERMANENT, cause=cause, status=status)]
    return _accepted(to, said)


_MAILGUN_CAUSES = {
    "suppress-bounce": _SUPPRESSED, "suppress-unsubscribe": _SUPPRESSED, "suppress-complaint": _SUPPRESSED, "greylisted": "greylisted", "espblock": "poor-reputation",
    "old": "delivery-expired",
}  # fmt: skip


def mailgun(event: Event) -> list[Failure] | None:
    """Mailgun: event-data, or an event of the Events API."""
    data = as_dict(event.get("event-data")) or event
    if "delivery-status" not in data and "event-data" not in event:
        return None
    status = as_dict(data.get("delivery-status"))
    to, kind = address_in(data.get("recipient")), as_text(data.get("event")).lower()
    sender = address_in(as_dict(data.get("envelope")).get("sender"))
    said = as_text(status.get("message")) or as_text(status.get("description"))
    if kind == "complained":
        return [make(to, "complaint", cause="complaint", sender=sender)]
    if kind in ("failed", "rejected", "temporary_fail", "permanent_fail"):
        temporary = as_text(data.get("severity")).lower() == "temporary" or kind == "temporary_fail"
        return [make(
            to, said, permanence=_TEMPORARY if temporary else _PERMANENT, cause=_MAILGUN_CAUSES.get(as_text(data.get("reason")).lower()), action="delayed" if temporary else "failed",
            code=status.get("code"), status=as_text(status.get("enhanced-code")) or as_text(status.get("bounce-code")), host=status.get("mx-host"),
            context=as_text(status.get("description")), sender=sender,
        )]  # fmt: skip
    return _accepted(to, said)


# Type of the Bounce API -> cause, permanence.
_POSTMARK: dict[str, tuple[str | None, Permanence]] = {
    "hardbounce": (None, _PERMANENT), "transient": ("delayed", _TEMPORARY), "softbounce": (None, _TEMPORARY), "undeliverable": (None, _TEMPORARY),
    "dnserror": ("dns-failure", _TEMPORARY), "spamnotification": ("spam-content", _PERMANENT), "addresschange": ("mailbox-moved", _PERMANENT), "autoresponder": ("auto-reply", None),
    "virusnotification": ("virus-detected", _PERMANENT), "challengeverification": ("recipient-restricted", None), "blocked": (None, None),
    "bademailaddress": ("bad-address-syntax", _PERMANENT), "manuallydeactivated": (_SUPPRESSED, _PERMANENT), "dmarcpolicy": ("authentication-failed", _PERMANENT),
    "smtpapierror": ("protocol-error", None), "spamcomplaint": ("complaint", None), "unknown": (None, None), "unsubscribe": (_SUPPRESSED, None),
    "templaterenderingfailed": ("content-rejected", _PERMANENT),
}  # fmt: skip


def postmark(event: Event) -> list[Failure] | None:
    """Postmark: RecordType Bounce, SpamComplaint, Delivery; a row of the Bounce API."""
    kind = as_text(event.get("RecordType")).lower()
    if not kind and not ("TypeCode" in event and "Details" in event):
        return None
    to = address_in(event.get("Email"), event.get("Recipient"))
    if kind == "spamcomplaint":
        return [make(to, "spam complaint", cause="complaint")]
    if kind in ("", "bounce"):
        name = as_text(event.get("Type")).lower()
        cause, permanence = _POSTMARK.get(name, (None, None))
        context = f"{as_text(event.get('Name'))} {as_text(event.get('Description'))}"
        return [make(to, as_text(event.get("Details")), permanence=permanence, cause=cause, action="delayed" if name == "transient" else "failed", context=context,
                     sender=address_in(event.get("From")))]  # fmt: skip
    return _accepted(to, as_text(event.get("Details")))


# bounce_class -> cause, permanence.
_SPARKPOST: dict[str, tuple[str | None, Permanence]] = {
    "10": ("mailbox-not-found", _PERMANENT), "20": (None, _TEMPORARY), "21": ("dns-failure", _TEMPORARY), "22": ("mailbox-full", _TEMPORARY), "23": ("message-too-large", _PERMANENT),
    "24": ("connection-failed", _TEMPORARY), "25": (None, _PERMANENT), "26": (_SUPPRESSED, _PERMANENT), "30": ("mailbox-not-found", _PERMANENT), "40": (None, _TEMPORARY),
    "50": ("poor-reputation", None), "51": ("sender-blocklisted", None), "52": ("spam-content", None), "53": ("content-rejected", None), "54": ("relaying-denied", None),
    "60": ("auto-reply", None), "70": (None, _TEMPORARY), "90": (_SUPPRESSED, _PERMANENT), "100": ("recipient-restricted", None),
}  # fmt: skip


def sparkpost(event: Event) -> list[Failure] | None:
    """SparkPost: msys.message_event and its siblings."""
    system = as_dict(event.get("msys"))
    inner = (
        next((value for value in system.values() if isinstance(value, dict)), None)
        if system
        else event
        if "raw_rcpt_to" in event or "bounce_class" in event
        else None
    )
    if inner is None:
        return None
    kind, to = as_text(inner.get("type")).lower(), address_in(inner.get("rcpt_to"), inner.get("raw_rcpt_to"))
    said = as_text(inner.get("raw_reason")) or as_text(inner.get("reason"))
    sender = address_in(inner.get("msg_from"), inner.get("friendly_from"))
    if kind == "spam_complaint":
        return [make(to, "spam complaint", cause="complaint", sender=sender)]
    if kind in ("delivery", "injection", "open", "click", "initial_open", "amp_open"):
        return _accepted(to, said)
    if kind not in ("bounce", "delay", "out_of_band", "policy_rejection", "generation_failure", "generation_rejection"):
        return None
    cause, permanence = _SPARKPOST.get(as_text(inner.get("bounce_class")), (None, None))
    delay = kind == "delay"
    return [make(to, said, permanence=_TEMPORARY if delay else permanence, cause=cause or ("delayed" if delay else None), action="delayed" if delay else "failed",
                 code=inner.get("error_code"), host=inner.get("ip_address") if not said else None, sender=sender)]  # fmt: skip


_BREVO: dict[str, tuple[str | None, Permanence, str]] = {
    "hard_bounce": (None, _PERMANENT, "failed"), "soft_bounce": (None, _TEMPORARY, "failed"), "deferred": ("delayed", _TEMPORARY, "delayed"), "blocked": (_SUPPRESSED, _PERMANENT, "failed"),
    "invalid_email": ("bad-address-syntax", _PERMANENT, "failed"), "error": (None, None, "failed"), "spam": ("complaint", None, "failed"), "complaint": ("complaint", None, "failed"),
    "hardbounce": (None, _PERMANENT, "failed"), "softbounce": (None, _TEMPORARY, "failed"),
}  # fmt: skip


def brevo(event: Event) -> list[Failure] | None:
    """Brevo (formerly Sendinblue), transactional webhook."""
    if ("message-id" not in event and "ts_event" not in event and "messageId" not in event) or "email" not in event:
        return None
    kind, to, said = as_text(event.get("event")).lower(), address_in(event.get("email")), as_text(event.get("reason"))
    if kind in ("delivered", "request", "sent", "opened", "click", "unique_opened"):
        return _accepted(to, said)
    if kind not in _BREVO:
        return None
    cause, permanence, action = _BREVO[kind]
    if cause == _SUPPRESSED:  # "due to blacklist user" means the service's own list
        said = kind
    return [make(to, said or kind, permanence=permanence, cause=cause, action=action, context=said)]


_MAILJET_CAUSES = {
    "user unknown": "mailbox-not-found", "mailbox inactive": "mailbox-disabled", "quota exceeded": "mailbox-full", "invalid domain": "domain-not-found", "no mail host": "domain-not-found",
    "relay/access denied": "relaying-denied", "sender blocked": "poor-reputation", "content blocked": "content-rejected", "policy issue": "policy-rejected", "system issue": "server-error",
    "protocol issue": "protocol-error", "connection issue": "connection-failed", "greylisted": "greylisted", "preblocked": _SUPPRESSED, "duplicate in campaign": _SUPPRESSED,
    "spam preblocked": "spam-content", "typofix": "bad-address-syntax", "blacklisted": _SUPPRESSED, "header/body policy issue": "non-compliant-message",
}  # fmt: skip


def mailjet(event: Event) -> list[Failure] | None:
    """Mailjet's Event API."""
    if (
        "error_related_to" not in event
        and "MessageGUID" not in event
        and not ("Message_GUID" in event or "mj_campaign_id" in event)
    ):
        return None
    kind, to = as_text(event.get("event")).lower(), address_in(event.get("email"))
    if kind == "spam":
        return [make(to, "spam complaint", cause="complaint")]
    if kind in ("bounce", "blocked"):
        error = as_text(event.get("error")).lower()
        hard = event.get("hard_bounce")
        permanence: Permanence = (
            _PERMANENT if hard is True else _TEMPORARY if hard is False and kind == "bounce" else None
        )
        said = as_text(event.get("comment")) or error
        return [
            make(
                to,
                said,
                permanence=permanence,
                cause=_MAILJET_CAUSES.get(error),
                context=f"{as_text(event.get('error_related_to'))}: {error}",
            )
        ]
    return _accepted(to, as_text(event.get("smtp_reply"))) if kind in ("sent", "open", "click") else None


def resend(event: Event) -> list[Failure] | None:
    """Resend: type email.bounced, email.delivery_delayed, email.complained …"""
    kind, data = as_text(event.get("type")).lower(), as_dict(event.get("data"))
    if not kind.startswith("email.") or not data:
        return None
    to, sender = address_in(data.get("to")), address_in(data.get("from"))
    if kind == "email.complained":
        return [make(to, "complaint", cause="complaint", sender=sender)]
    if kind == "email.delivery_delayed":
        return [make(to, as_text(as_dict(data.get("delay")).get("message")) or "delivery delayed", permanence=_TEMPORARY, cause="delayed", action="delayed", sender=sender)]  # fmt: skip
    if kind in ("email.bounced", "email.failed", "email.suppressed"):
        bounce = as_dict(data.get("bounce")) or as_dict(data.get("failed")) or as_dict(data.get("suppressed"))
        permanence: Permanence = {"permanent": _PERMANENT, "transient": _TEMPORARY}.get(
            as_text(bounce.get("type")).lower()
        )
        subtype = as_text(bounce.get("subType")).lower()
        cause = _SUPPRESSED if kind == "email.suppressed" else _SES_CAUSES.get(subtype)
        said = as_text(bounce.get("diagnosticCode")) or as_text(bounce.get("message")) or as_text(bounce.get("reason"))
        return [
            make(to, said, permanence=permanence, cause=cause, context=as_text(bounce.get("message")), sender=sender)
        ]
    return _accepted(to)


_MANDRILL_CAUSES = {
    "bad_mailbox": "mailbox-not-found", "invalid_domain": "domain-not-found", "mailbox_full": "mailbox-full", "spam": "spam-content", "banned": "policy-rejected",
    "virus": "virus-detected", "message_too_large": "message-too-large",
}  # fmt: skip


def mandrill(event: Event) -> list[Failure] | None:
    """Mailchimp Transactional (Mandrill): an event with msg, or a row of the send call's answer."""
    message = as_dict(event.get("msg"))
    if not message:
        if "reject_reason" not in event or "status" not in event:
            return None
        reason, state, to = (
            as_text(event.get("reject_reason")),
            as_text(event.get("status")).lower(),
            address_in(event.get("email")),
        )
        if state not in ("rejected", "invalid"):
            return _accepted(to)
        return [
            make(
                to,
                f"{state} {reason}".strip(),
                permanence=_PERMANENT,
                cause="bad-address-syntax" if state == "invalid" else _SUPPRESSED,
            )
        ]
    kind, to, sender = (
        as_text(event.get("event")).lower(),
        address_in(message.get("email")),
        address_in(message.get("sender")),
    )
    said = as_text(message.get("diag"))
    cause = _MANDRILL_CAUSES.get(as_text(message.get("bounce_description")).lower())
    smtp = next((row for row in map(as_dict, _list(message.get("smtp_events"))[::-1]) if row.get("diag")), {})
    said = said or as_text(smtp.get("diag"))
    if kind == "spam":
        return [make(to, "spam complaint", cause="complaint", sender=sender)]
    if kind == "hard_bounce":
        return [make(to, said, permanence=_PERMANENT, cause=cause, sender=sender)]
    if kind == "soft_bounce":
        return [make(to, said, permanence=_TEMPORARY, cause=cause, sender=sender)]
    if kind == "deferral":
        return [make(to, said, permanence=_TEMPORARY, cause=cause or "delayed", action="delayed", sender=sender)]
    if kind in ("reject", "blacklist"):
        reason = as_text(as_dict(message.get("reject")).get("reason") or message.get("reject"))
        return [make(to, f"rejected {reason}".strip(), permanence=_PERMANENT, cause=_SUPPRESSED, sender=sender)]
    return _accepted(to) if kind in ("send", "delivered", "open", "click") else None


# What an API answers when it does not take a message at all: words in the error -> cause. First match counts.
_API_WORDS = (
    ("marked as inactive", _SUPPRESSED), ("suppress", _SUPPRESSED), ("verified sender", "sender-rejected"), ("not verified", "sender-rejected"), ("unverified", "sender-rejected"),
    ("sender signature", "sender-rejected"), ("domain is not", "sender-rejected"), ("testing emails to your own", "sender-rejected"), ("not allowed to send", "sender-rejected"),
    ("sender you used", "sender-rejected"), ("sender is not valid", "sender-rejected"), ("authorized recipients", "recipient-restricted"), ("too large", "message-too-large"), ("exceeds the maximum", "message-too-large"),
    ("maximum sending rate", "rate-limited"), ("daily message quota", "rate-limited"), ("sending quota", "rate-limited"), ("too many requests", "rate-limited"), ("rate limit", "rate-limited"),
    ("sending limit", "rate-limited"), ("not a valid email", "bad-address-syntax"), ("invalid email", "bad-address-syntax"), ("parameter is not a valid address", "bad-address-syntax"),
    ("'to'", "bad-address-syntax"), ("missing final", "bad-address-syntax"), ("sending paused", "rate-limited"), ("sending is disabled", "policy-rejected"),
)  # fmt: skip
_KEY_WORDS = ("invalid_key", "invalid api key", "key not found", "api key is invalid", "server token", "invalid private key", "the provided authorization grant is invalid")  # fmt: skip
_MAILY = ("mail", "sender", "recipient", "from address", "sending", "signature", "smtp")


def api_error(event: Event) -> list[Failure] | None:
    """The error a sending service's API answers with."""
    rows = (
        [as_dict(row) for row in _list(event.get("errors")) if isinstance(row, dict)]
        if isinstance(event.get("errors"), list)
        else []
    )
    for message in _list(event.get("Messages")):
        rows += [as_dict(row) for row in _list(as_dict(message).get("Errors"))]
    words = [event.get("message"), event.get("Message"), event.get("error"), event.get("ErrorMessage")]
    words += [row.get(key) for row in rows[:20] for key in ("message", "description", "ErrorMessage", "detail")]
    said = ". ".join(dict.fromkeys(word for word in words if isinstance(word, str) and word))
    lowered = said.lower()
    if not said or len(said) > 4_000:
        return None
    name = as_text(event.get("name") or event.get("code")).lower()
    if any(word in lowered or word == name for word in _KEY_WORDS):
        return [make(None, said, cause="login-required", context=said)]
    if not any(word in lowered for word in _MAILY):
        return None
    cause = next((cause for word, cause in _API_WORDS if word in lowered), None)
    return (
        [
            make(
                address_in(said),
                said,
                cause=cause,
                permanence=_TEMPORARY if cause == "rate-limited" else _PERMANENT,
                context=said,
            )
        ]
        if cause
        else None
    )


SERVICES: tuple[Callable[[Event], list[Failure] | None], ...] = (
    amazon_ses, mailgun, postmark, sparkpost, mandrill, resend, mailjet, sendgrid, brevo,
)  # fmt: skip

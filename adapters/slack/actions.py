"""The buttons beneath an answer, drawn, and read when they are pressed. No state is kept, and none carries a paste.

Each holds references of bot.recalling and the values that the answer's sentences need, as JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.slack.render import Payload
from bot.knowledge import Knowledge
from bot.model import Reply
from bot.recalling import references_of, values_of

MAX_CARRIED = 2_000  # characters that a button's value may hold
SHARE, DETAIL, DRAFTS, VOTE = "smtp_share", "smtp_detail", "smtp_drafts", "smtp_vote"
RIGHT, WRONG = "right", "wrong"
NAMES = {SHARE: "Share to channel", DETAIL: "More detail", DRAFTS: "Drafts"}
COMMANDS = (
    "*Also:* `/smtp watch on` has me answer mail errors in this channel unasked, `/smtp watch off` ends it, `/smtp settings` "
    "shows it; `/smtp stats` tells what bounced most. In threads mention me, or pick *More actions › Explain this bounce*."
)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button that was pressed, and what it carried."""

    value: str
    references: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)


def buttons(reply: Reply, knowledge: Knowledge, sharable: bool = False, votable: bool = True) -> list[Payload]:
    """The blocks beneath an answer; empty where nothing can be brought again. Only private answers can be shared.

    Beneath the help that `/smtp` gives stands what else it understands.
    """
    if reply.kind == "help" and sharable:
        return [{"type": "context", "elements": [{"type": "mrkdwn", "text": COMMANDS, "verbatim": True}]}]
    references = references_of(reply)
    if not references:
        return []
    asked = references[0].startswith("q:")
    carried = _carry(references, {} if asked else values_of(reply.answers[0], knowledge))
    shown = [SHARE] if sharable else []
    if not asked or " " in references[0]:  # of one code all is said
        shown.append(DETAIL)
    if not asked:  # about a code there is nobody to write to
        shown.append(DRAFTS)
    elements = [_button(action, carried) for action in shown]
    if elements and sharable:
        elements[0]["style"] = "primary"
    rows: list[Payload] = [{"type": "actions", "elements": elements}] if elements else []
    return [*rows, _VOTE] if votable else rows


def read_pressed(body: Mapping[str, Any]) -> Pressed:
    """What a button carried; without references where it is no button of ours or one of another version."""
    value = str((body.get("actions") or [{}])[0].get("value") or "")
    try:
        carried = json.loads(value) if value.startswith("{") else {}
        references, values = carried.get("r") or (), carried.get("v") or {}
        return Pressed(value, tuple(map(str, references)), {str(name): str(text) for name, text in values.items()})
    except (ValueError, AttributeError, TypeError):
        return Pressed(value)


def _carry(references: tuple[str, ...], values: Mapping[str, str]) -> str:
    whole = _ENCODER.encode({"r": references, "v": values})
    return whole if len(whole) <= MAX_CARRIED else _ENCODER.encode({"r": references})


def _button(action: str, value: str) -> Payload:
    text = {"type": "plain_text", "text": NAMES[action], "emoji": False}
    return {"type": "button", "action_id": action, "text": text, "value": value}


def _vote() -> Payload:
    def one(text: str, value: str) -> Payload:
        return {"text": {"type": "plain_text", "text": text}, "value": value, "accessibility_label": text}

    element = {
        "type": "feedback_buttons", "action_id": VOTE,
        "positive_button": one("This was right", RIGHT), "negative_button": one("This was wrong", WRONG),
    }  # fmt: skip
    return {"type": "context_actions", "elements": [element]}


_VOTE = _vote()

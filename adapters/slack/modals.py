"""The modal to paste into, and the one that shows an answer: views as plain dicts. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.attachments import MAX_FILES, READABLE
from adapters.slack.inbound import Upload, uploads
from adapters.slack.render import Payload

MAX_BLOCKS = 100  # of a modal or a home view
MAX_TEXT = 3_000  # characters that Slack lets people type; a file holds more
FORM = "smtp_form"
TEXT, FILE = "text", "file"
TITLE = "Explain a mail error"  # 24 characters at most
EMPTY = "Paste the error message, or add a file."


def form(with_file: bool = True) -> Payload:
    """The modal that asks for a text or a file. Files need the scope files:read."""
    text = {
        "type": "input", "block_id": TEXT, "optional": True, "label": _plain("What came back?"),
        "element": {
            "type": "plain_text_input", "action_id": TEXT, "multiline": True, "max_length": MAX_TEXT, "focus_on_load": True,
            "placeholder": _plain("A code, a question, or the whole bounce or log line"),
        },
        "hint": _plain("Only you see the answer. Nothing you send is stored."),
    }  # fmt: skip
    file = {
        "type": "input", "block_id": FILE, "optional": True, "label": _plain("Longer than that? Add it as a file"),
        "element": {
            "type": "file_input", "action_id": FILE, "filetypes": [name[1:] for name in READABLE], "max_files": MAX_FILES
        },
    }  # fmt: skip
    return {
        "type": "modal", "callback_id": FORM, "title": _plain(TITLE), "submit": _plain("Explain"), "close": _plain("Cancel"),
        "blocks": [text, file] if with_file else [text],
    }  # fmt: skip


def result(blocks: Sequence[Payload]) -> Payload:
    """The modal that shows an answer."""
    return {"type": "modal", "title": _plain("smtpbot"), "close": _plain("Close"), "blocks": list(blocks[:MAX_BLOCKS])}


def read_form(view: Mapping[str, Any]) -> tuple[str, tuple[Upload, ...]]:
    """The text and the files of a form that was sent."""
    values = (view.get("state") or {}).get("values") or {}
    text = ((values.get(TEXT) or {}).get(TEXT) or {}).get("value") or ""
    files = ((values.get(FILE) or {}).get(FILE) or {}).get("files") or ()
    return str(text).strip(), uploads(files)


def _plain(text: str) -> Payload:
    return {"type": "plain_text", "text": text, "emoji": False}

"""The small replies: silence, a line, the help."""

from bot.knowledge import Knowledge
from bot.model import Kind, Message, Reply, Via
from bot.rendering import help_message, note_message

_SILENT = Message((), answered=False)


def silence(via: Via) -> Reply:
    """Nothing is said."""
    return Reply("none", via, False, False, _SILENT)


def note(kind: Kind, via: Via, text: str) -> Reply:
    """One line."""
    return Reply(kind, via, False, False, note_message(text))


def usage(via: Via, knowledge: Knowledge) -> Reply:
    """The help."""
    return Reply("help", via, False, False, help_message(knowledge.ui))

"""Answers -> Message (neutral parts) and Message -> plain text. No platform is known here."""

from typing import Any

from bot.model import Answer, Message, Part

MAX_TOLD = 3  # causes that are told in full when several recipients failed
MAX_LISTED = 20  # recipients listed by address
MAX_WORDS = 220


def answer_parts(answer: Answer, ui: dict[str, Any], short: bool = False) -> list[Part]:
    """One answer as parts, in the order in which they are read."""
    labels = ui["labels"]
    parts = [Part("heading", answer.headline)]
    if answer.happened:
        parts.append(Part("text", answer.happened))
    move = f"{answer.move} {answer.fate}" if answer.move and answer.fate else answer.move or answer.fate
    if move:
        parts.append(Part("text", move, label=labels["move"]))
    if answer.steps:
        parts.append(Part("steps", items=answer.steps, label=labels["steps"]))
    if short:
        return parts
    if answer.why:
        parts.append(Part("text", answer.why, label=labels["why"]))
    for mind in answer.mind:
        parts.append(Part("note", mind, label=labels["mind"]))
    for source in answer.sources[:1]:
        parts.append(
            Part(
                "source",
                f"{source.url} ({labels['checked']} {source.checked})" if source.checked else source.url,
                label=labels["source"],
            )
        )
    return parts


def group_answers(answers: tuple[Answer, ...]) -> list[tuple[Answer, list[Answer]]]:
    """Answers that say the same of several recipients, together: (the first, all of them)."""
    groups: dict[tuple[str, str | None, str], list[Answer]] = {}
    for answer in answers:
        groups.setdefault((answer.verdict.cause, answer.verdict.entry, answer.headline), []).append(answer)
    return [(group[0], group) for group in sorted(groups.values(), key=len, reverse=True)]


def bounce_message(answers: tuple[Answer, ...], ui: dict[str, Any], lead: str = "") -> Message:
    """What is shown for one or many failed recipients: grouped by reason, the first few in full, the rest counted."""
    parts = [Part("text", lead)] if lead else []
    if len(answers) == 1:
        return Message((*parts, *answer_parts(answers[0], ui)))
    groups = group_answers(answers)
    if len(groups) > 1:
        parts.append(
            Part("text", ui["several"].replace("{count}", str(len(answers))).replace("{reasons}", str(len(groups))))
        )
    for place, (first, group) in enumerate(groups):
        if place < MAX_TOLD:
            parts += answer_parts(first, ui, short=place > 0)
        else:
            parts.append(Part("heading", first.headline))
        names = [answer.failure.recipient for answer in group if answer.failure.recipient]
        if len(group) > 1 or len(groups) > 1:
            shown = names[:MAX_LISTED]
            more = len(group) - len(shown)
            listed = ", ".join(shown) + (
                f" {ui['counted'].replace('{count}', str(more))}" if more > 0 and shown else ""
            )
            if listed:
                parts.append(Part("text", listed, label=ui["labels"]["recipients"]))
    return Message(tuple(parts))


def compare_message(title: str, lines: tuple[Answer, ...], closing: str, ui: dict[str, Any]) -> Message:
    """Codes side by side: a line for each, then what follows for the sender."""
    parts = [Part("heading", title)]
    for answer in lines:
        parts.append(Part("text", answer.happened, label=answer.headline))
    if closing:
        parts.append(Part("text", closing))
    for answer in lines[:1]:
        for source in answer.sources[:1]:
            parts.append(Part("source", source.url, label=ui["labels"]["source"]))
    return Message(tuple(parts))


def note_message(text: str, answered: bool = False) -> Message:
    """One line."""
    return Message((Part("text", text),) if text else (), answered)


def with_note(message: Message, text: str) -> Message:
    """The message with a note beneath it."""
    return Message((*message.parts, Part("note", text)), message.answered)


def help_message(ui: dict[str, Any]) -> Message:
    """The usage, with examples that can be sent as they are."""
    words = ui["help"]
    return Message(
        (
            Part("heading", words["title"]),
            Part("text", words["body"]),
            Part("examples", items=tuple(words["examples"])),
            Part("note", words["privacy"]),
        ),
        False,
    )


def plain_text(message: Message) -> str:
    """The message as plain text, one paragraph to a line, unwrapped."""
    lines: list[str] = []
    for part in message.parts:
        kind = part.kind
        if kind == "heading":
            if lines:
                lines.append("")
            lines.append(part.text)
        elif kind in ("steps", "examples"):
            if part.label:
                lines.append(part.label + ":")
            if kind == "steps":
                lines.extend([f"{number}. {item}" for number, item in enumerate(part.items, 1)])
            else:
                lines.extend([f"  {item}" for item in part.items])
        elif part.label:
            lines.append(f"{part.label}: {part.text}")
        else:
            lines.append(part.text)
    return "\n".join(lines)

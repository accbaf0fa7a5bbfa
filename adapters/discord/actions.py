"""The buttons beneath an answer. Each carries its action and a reference of bot.recalling; no state is kept, no paste carried."""

import re
from typing import Any, Self

import discord
from discord import ui

from bot.recalling import MAX_REFERENCE

MAX_TOLD = 3  # causes of one answer that have a button for details
TEMPLATE = re.compile(rf"smtp:(?P<action>share|detail|drafts|right|wrong):(?P<reference>[^\n]{{1,{MAX_REFERENCE}}})")
NAMES = {
    "share": "Share",
    "detail": "More detail",
    "drafts": "Drafts",
    "right": "This was right",
    "wrong": "This was wrong",
}


class Action(ui.DynamicItem[ui.Button[ui.View]], template=TEMPLATE):
    """One button, made again from its custom_id whenever it is pressed."""

    def __init__(self, action: str, reference: str, label: str = "", row: int = 0) -> None:
        self.action, self.reference = action, reference
        style = discord.ButtonStyle.primary if action == "share" else discord.ButtonStyle.secondary
        custom_id = f"smtp:{action}:{reference}"
        super().__init__(ui.Button(label=label or NAMES[action], style=style, custom_id=custom_id, row=row))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """See DynamicItem."""
        return cls(match["action"], match["reference"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand it to who knows what the button does."""
        await interaction.client.press(interaction, self.action, self.reference)


def buttons(references: tuple[str, ...], sharable: bool) -> ui.View | None:
    """The buttons of one answer; None where nothing can be brought again. Only private answers can be shared."""
    if not references:
        return None
    view = ui.View(timeout=None)
    left_out = set() if sharable else {"share"}
    if references[0].startswith("q:"):
        left_out.add("drafts")  # there is nobody to write to
        left_out.update({"detail"} if " " not in references[0] else ())  # one code: all is said
    for action in NAMES:
        if action not in left_out:
            view.add_item(Action(action, references[0]))
    for number, reference in enumerate(dict.fromkeys(references[1:MAX_TOLD]), 2):
        if reference != references[0]:
            view.add_item(Action("detail", reference, f"Cause {number} in detail", 1))
    return view


def references_in(message: discord.Message) -> tuple[str, ...]:
    """The references of all causes that a message of ours told, in their order."""
    found = []
    for row in message.components:
        for child in getattr(row, "children", ()):
            match = TEMPLATE.fullmatch(getattr(child, "custom_id", None) or "")
            if match and match["action"] == "detail":
                found.append(match["reference"])
    return tuple(dict.fromkeys(found))

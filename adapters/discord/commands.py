"""What is registered with Discord: /smtp with its form, /smtp-stats, /smtp-settings, and the message command."""

import logging
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands, ui

from adapters.discord.inbound import FORM, FORM_FILE, FORM_TEXT, read_interaction, read_quoted, uploads
from bot.telemetry import describe

if TYPE_CHECKING:
    from adapters.discord.client import SmtpClient

MAX_TEXT = 6_000  # characters of a slash command's option
MAX_FORM = 4_000  # characters of a form's text
FORM_TITLE = "Explain a mail error"
_log = logging.getLogger("smtpbot.discord")


class Form(ui.Modal, title=FORM_TITLE):
    """Room for a long text and a file. What is sent with it is read by Handlers, from the interaction alone."""

    text: ui.Label[Any] = ui.Label(
        text="The error message, log lines or bounce",
        component=ui.TextInput(
            custom_id=FORM_TEXT, style=discord.TextStyle.paragraph, max_length=MAX_FORM, required=False,
            placeholder="550 5.1.1 <kim@example.com>: Recipient address rejected: User unknown",
        ),
    )  # fmt: skip
    file: ui.Label[Any] = ui.Label(
        text="Or a file",
        description="The bounce or log as .eml, .msg, .txt, .log or .json",
        component=ui.FileUpload(custom_id=FORM_FILE, required=False, max_values=1),
    )


class Tree(app_commands.CommandTree["SmtpClient"]):
    """The commands, and the one place where a fault of theirs ends."""

    async def on_error(
        self, interaction: "discord.Interaction[SmtpClient]", error: app_commands.AppCommandError, /
    ) -> None:
        """Commands of another version are passed over; the rest is logged without content."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        _log.warning("a command failed: %s", describe(cause))


def build_tree(client: "SmtpClient") -> Tree:
    """All commands, on the client that answers them."""
    tree = Tree(client)
    for command in COMMANDS:
        tree.add_command(command)
    return tree


@app_commands.command(name="smtp", description="Explain a mail error: a code, a question or a whole bounce")
@app_commands.describe(
    code="A code or the error message; leave it out for a larger form",
    file="A bounce or a log as a file: .eml, .msg, .txt, .log or .json",
)
@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
async def _smtp(
    interaction: "discord.Interaction[SmtpClient]",
    code: app_commands.Range[str, 1, MAX_TEXT] | None = None,
    file: discord.Attachment | None = None,
) -> None:
    handlers = interaction.client.handlers
    if code or file:
        files = uploads([file]) if file else ()
        await handlers.answer_interaction(interaction, read_interaction(interaction, code or "", files))
        return
    async with handlers.admitted(interaction) as admitted:
        if admitted:
            await interaction.response.send_modal(Form(custom_id=FORM))


@_smtp.autocomplete("code")
async def _suggest(interaction: "discord.Interaction[SmtpClient]", current: str) -> list[app_commands.Choice[str]]:
    found = interaction.client.suggestions.suggest(current)
    return [app_commands.Choice(name=name, value=value) for name, value in found]


@app_commands.context_menu(name="Explain this bounce")
@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
async def _explain(interaction: "discord.Interaction[SmtpClient]", message: discord.Message) -> None:
    text, files = read_quoted(message)
    await interaction.client.handlers.answer_interaction(interaction, read_interaction(interaction, text, files))


@app_commands.command(name="smtp-stats", description="What bounced most in this server in the last 7 and 30 days")
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
async def _stats(interaction: "discord.Interaction[SmtpClient]") -> None:
    await interaction.client.show_numbers(interaction)


@app_commands.command(
    name="smtp-settings", description="Choose the channels in which the bot answers mail errors unasked"
)
@app_commands.default_permissions(manage_guild=True)
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
async def _settings(interaction: "discord.Interaction[SmtpClient]") -> None:
    await interaction.client.offer_channels(interaction)


COMMANDS: tuple[app_commands.Command[Any, Any, Any] | app_commands.ContextMenu, ...] = (
    _smtp,
    _explain,
    _stats,
    _settings,
)

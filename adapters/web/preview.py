"""Payloads for Slack and Discord -> HTML that shows them much as those do. Pure."""

import html
import re
from typing import Any

from markupsafe import Markup, escape

from adapters.discord.render import COLORS
from adapters.discord.render import render as draw_discord
from adapters.slack.render import render as draw_slack
from bot.model import Reply

Payload = dict[str, Any]

_SLACK = re.compile(r"`([^`\n]+)`|<(https?://[^|>\s]+)\|([^>\n]*)>|(?<!\w)\*([^*\n]+)\*(?!\w)")
_DISCORD = re.compile(r"\\([\\*_~|`<\[#>+.)-])|`([^`\n]+)`|\*\*(.+?)\*\*|\[((?:\\.|[^\]\\])*)\]\((https?://[^)\s]+)\)")
_LINE = Markup('<p class="{}">{}</p>')


def slack_html(reply: Reply) -> Markup:
    """The reply as Slack shows it to the asker alone."""
    blocks = [block for page in draw_slack(reply) for block in page["blocks"]]
    return Markup("").join(_slack_block(block) for block in blocks)


def _slack_block(block: Payload) -> Markup:
    kind = block["type"]
    if kind == "header":
        return _LINE.format("chat-title", block["text"]["text"])
    if kind == "divider":
        return Markup("<hr>")
    if kind == "section" and "text" in block:
        return Markup("").join(
            _LINE.format("chat-text", _slack_text(line)) for line in block["text"]["text"].split("\n")
        )
    if kind == "context":
        lines = [_slack_text(element["text"]) for element in block["elements"] if "text" in element]
        return Markup("").join(_LINE.format("chat-small", line) for line in lines)
    return Markup("")  # buttons and menus do nothing here


def _slack_text(text: str) -> Markup:
    out: list[Markup] = []
    done = 0
    for found in _SLACK.finditer(text):
        out.append(escape(html.unescape(text[done : found.start()])))
        code, url, name, bold = found.groups()
        if code:
            out.append(Markup("<code>{}</code>").format(html.unescape(code)))
        elif url:
            out.append(Markup('<span class="chat-link">{}</span>').format(html.unescape(name)))
        else:
            out.append(Markup("<b>{}</b>").format(_slack_text(bold)))
        done = found.end()
    out.append(escape(html.unescape(text[done:])))
    return Markup("").join(out)


def discord_html(reply: Reply) -> Markup:
    """The reply as Discord shows it to the asker alone."""
    out = []
    for message in draw_discord(reply):
        for embed in message.get("embeds", ()):
            out.append(_discord_embed(embed))
        if message.get("content"):
            out.append(_discord_lines(message["content"]))
    return Markup("").join(out)


def _discord_embed(embed: Payload) -> Markup:
    title = _LINE.format("chat-title", _discord_text(embed["title"])) if embed.get("title") else ""
    tone = next((lasting or "neither" for lasting, color in COLORS.items() if color == embed.get("color")), "")
    text = _discord_lines(embed.get("description", ""))
    return Markup('<div class="embed {}">{}{}</div>').format(tone, title, text)


def _discord_lines(text: str) -> Markup:
    out = []
    for line in text.split("\n"):
        small = line.startswith("-# ")
        if line.strip():
            out.append(_LINE.format("chat-small" if small else "chat-text", _discord_text(line[3:] if small else line)))
    return Markup("").join(out)


def _discord_text(text: str) -> Markup:
    out: list[Markup] = []
    done = 0
    for found in _DISCORD.finditer(text):
        out.append(escape(text[done : found.start()]))
        escaped, code, bold, name, url = found.groups()
        if escaped:
            out.append(escape(escaped))
        elif code:
            out.append(Markup("<code>{}</code>").format(code))
        elif url:
            out.append(Markup('<span class="chat-link">{}</span>').format(_discord_text(name)))
        else:
            out.append(Markup("<b>{}</b>").format(_discord_text(bold)))
        done = found.end()
    out.append(escape(text[done:]))
    return Markup("").join(out)

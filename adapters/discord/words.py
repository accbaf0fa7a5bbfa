"""The commands' names and descriptions in other languages, from words.yaml beside this file."""

from importlib.resources import files
from typing import Any

import yaml
from discord import Locale
from discord.app_commands import TranslationContextTypes, Translator, locale_str


def load_words() -> dict[str, dict[str, str]]:
    """English text -> Discord's locale -> the text in that language."""
    read: dict[str, dict[str, str]] = yaml.safe_load((files(__package__) / "words.yaml").read_text("utf-8"))
    return read


class Words(Translator):
    """Translates what words.yaml has; everything else stays English."""

    def __init__(self) -> None:
        self._words: dict[str, dict[str, str]] = {}

    async def load(self) -> None:
        """See Translator."""
        self._words = load_words()

    async def translate(self, string: locale_str, locale: Locale, context: TranslationContextTypes | Any) -> str | None:
        """See Translator."""
        return self._words.get(string.message, {}).get(locale.value)

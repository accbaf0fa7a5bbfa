"""The build hook: every wheel, sdist and editable install first turns data/ into bot/knowledge.json."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class KnowledgeHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, self.root)
        from bot.building import build
        from bot.errors import DataError

        root = Path(self.root)
        try:
            build(root / "data", root / "bot" / "knowledge.json")
        except DataError as error:
            self.app.abort(f"smtpbot cannot be built from its data: {error}")

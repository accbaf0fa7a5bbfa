"""Charts for chats and the page: drawn by adapters.chart in a process of its own, one at a time, and kept for a while."""

import asyncio
import json
import logging
import os
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Literal

from adapters.summary import Summary, drawing

Form = Literal["png", "svg"]
Theme = Literal["light", "dark"]
WITHIN = 20.0  # seconds for one chart
MAX_ASKED = 8  # charts that are drawn or wait to be
MAX_KEPT = 32  # charts
_ROOT = Path(__file__).parents[1]
# All that the process is given of the environment: where programs and fonts are; no token.
_NEEDED = ("PATH", "HOME", "TMPDIR", "TEMP", "XDG_CACHE_HOME", "MPLCONFIGDIR", "LANG", "LC_ALL", "SYSTEMROOT")
_log = logging.getLogger("smtpbot")


class Charts:
    """Draws charts. The same numbers are drawn once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._drawing = asyncio.Lock()
        self._asked = 0

    async def draw(self, summary: Summary, form: Form, theme: Theme = "light") -> bytes | None:
        """The picture; None where there is nothing to draw, too much is drawn already, or it could not be drawn."""
        if not summary.panels:
            return None
        asked = json.dumps({"panels": drawing(summary.panels), "form": form, "theme": theme}).encode()
        if asked not in self._kept:
            if self._asked >= MAX_ASKED:
                return None
            self._asked += 1
            try:
                async with self._drawing:
                    drawn = self._kept.get(asked) or await _draw(asked)
            finally:
                self._asked -= 1
            if drawn is None:
                return None
            self._kept[asked] = drawn
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(asked)
        return self._kept[asked]


async def _draw(asked: bytes) -> bytes | None:
    environment = {name: os.environ[name] for name in _NEEDED if name in os.environ}
    environment |= {"PYTHONPATH": str(_ROOT), "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "adapters.chart", env=environment, cwd=_ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(WITHIN):
            drawn, told = await process.communicate(asked)
    except BaseException as error:
        process.kill()
        await process.wait()
        if not isinstance(error, TimeoutError):
            raise
        _log.warning("a chart was not drawn within %s s", WITHIN)
        return None
    if process.returncode:
        last = told.decode("utf-8", "replace").strip().rpartition("\n")[2]
        _log.warning("a chart could not be drawn: %s", last[:200])
        return None
    return drawn

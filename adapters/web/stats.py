"""The numbers of the page: what was asked of it in the last 7 and 30 days, and their chart."""

import time
from collections.abc import Callable

from adapters.charting import Charts, Theme
from adapters.service import Service
from adapters.summary import GONE, Summary, find_summary
from adapters.web.answers import PLATFORM, TENANT
from adapters.web.inbound import Refusal
from bot.errors import StoreError

FRESH = 60.0  # seconds for which the numbers are not asked for again, however many look at them
NO_CHART = "There is no chart right now; the numbers stand on the page."


class Stats:
    """The page's own numbers and charts."""

    def __init__(self, service: Service, clock: Callable[[], float] = time.monotonic) -> None:
        self._service, self._clock = service, clock
        self._charts = Charts()
        self._known: tuple[float, Summary] | None = None

    async def find(self) -> Summary:
        """The numbers, a minute old at most; Refusal where the store is out of reach."""
        if self._known is None or self._known[0] <= self._clock():
            try:
                found = await find_summary(
                    self._service.store, self._service.telemetry, PLATFORM, TENANT, self._service.bot.knowledge
                )
            except StoreError:
                raise Refusal(503, GONE) from None
            self._known = (self._clock() + FRESH, found)
        return self._known[1]

    async def draw(self, theme: Theme) -> bytes:
        """The chart as SVG; Refusal where there is none."""
        summary = await self.find()
        if not summary.panels:
            raise Refusal(404, NO_CHART)
        drawn = await self._charts.draw(summary, "svg", theme)
        if drawn is None:
            raise Refusal(503, NO_CHART)
        return drawn

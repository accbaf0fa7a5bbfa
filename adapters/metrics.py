"""What Prometheus reads: numbers under names and labels fixed in the code; no text, no id, no address."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from adapters.service import Service
from bot import __version__

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4.encode()


class Metrics:
    """One program's numbers, collected when they are asked for."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._parts: Mapping[str, bool] = {}
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._registry.register(self)

    def write(self, parts: Mapping[str, bool]) -> bytes:
        """The numbers of now, with the parts of the program and whether each is ready."""
        self._parts = parts
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing ahead: the registry need not collect to know us."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Called by the registry."""
        yield InfoMetricFamily("smtpbot", "The running version.", {"version": __version__})
        ready = GaugeMetricFamily("smtpbot_ready", "Whether a part of the program is ready.", labels=["part"])
        for part, value in self._parts.items():
            ready.add_metric([part], float(value))
        yield ready
        noted = CounterMetricFamily("smtpbot_noted", "What was noted, by name.", labels=["name"])
        for name, (count, _) in self._service.telemetry.snapshot().items():
            noted.add_metric([name], count)
        yield noted
        reloads = self._service.reloads
        outcomes = CounterMetricFamily("smtpbot_reloads", "How often the knowledge was read anew.", labels=["outcome"])
        for outcome, number in (("done", reloads.done), ("refused", reloads.refused)):
            outcomes.add_metric([outcome], number)
        yield outcomes
        read = "When the knowledge that answers now was read (Unix time)."
        yield GaugeMetricFamily("smtpbot_knowledge_read_timestamp_seconds", read, reloads.read_at)

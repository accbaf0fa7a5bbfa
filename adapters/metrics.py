"""What Prometheus reads: numbers under names and labels fixed in the code; no text, no id, no address."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from adapters.service import Service
from bot import __version__
from bot.telemetry import BOUNDS, Durations, Told

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4.encode()
MAX_SERIES = 2_000  # of answers; what comes beyond them is counted under the provider `other`
# A fault of ours; an answer that the platform did not take at one try; one that it took at none.
ERRORS = ("failed", "unsent", "lost")
NONE, OTHER = "none", "other"  # no cause or provider; one that the knowledge does not have anymore


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
        yield self._collect_errors()
        told, durations, votes = self._service.telemetry.replies()
        yield self._collect_answers(told)
        yield _collect_durations(durations)
        marked = CounterMetricFamily("smtpbot_votes", "Answers marked right or wrong.", labels=["platform", "vote"])
        for (platform, right), number in sorted(votes.items()):
            marked.add_metric([platform, "right" if right else "wrong"], number)
        yield marked

    def _collect_errors(self) -> Metric:
        """Every platform that runs has a series from the start, so that the first error is a change."""
        noted = self._service.telemetry.snapshot()
        running = {name.partition(".")[0] for name in noted if name.rpartition(".")[2] in ERRORS}
        errors = CounterMetricFamily("smtpbot_errors", "Answers that failed.", labels=["platform", "error"])
        for platform in sorted(running | {*self._service.health}):
            for error in ERRORS:
                errors.add_metric([platform, error], noted.get(f"{platform}.{error}", (0, 0.0))[0])
        return errors

    def _collect_answers(self, told: Mapping[Told, int]) -> Metric:
        """By what the knowledge names now; however much is told, the series are few enough for Prometheus."""
        knowledge = self._service.bot.knowledge
        providers = {facts["family"] for facts in knowledge.providers.values()}
        added: Counter[Told] = Counter()
        for (platform, kind, cause, provider), number in sorted(told.items(), key=lambda one: -one[1]):
            key = (platform, kind, _label(cause, knowledge.causes), _label(provider, providers))
            added[key if key in added or len(added) < MAX_SERIES else (*key[:3], OTHER)] += number
        labels = ["platform", "kind", "cause", "provider"]
        answers = CounterMetricFamily("smtpbot_answers", "Answers, once for each cause and provider.", labels=labels)
        for key, number in sorted(added.items()):
            answers.add_metric(key, number)
        return answers


def _label(name: str, known: Collection[str]) -> str:
    return (name if name in known else OTHER) if name else NONE


def _collect_durations(durations: Mapping[tuple[str, str], Durations]) -> Metric:
    labels = ["platform", "kind"]
    taken = HistogramMetricFamily("smtpbot_reply_seconds", "From a text at hand to its reply.", labels=labels)
    for (platform, kind), one in sorted(durations.items()):
        buckets, total = [], 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), one.counts, strict=True):
            total += count
            buckets.append((bound, total))
        taken.add_metric([platform, kind], buckets, one.seconds)
    return taken

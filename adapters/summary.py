"""Counts and votes of one workspace, server or page -> a Message, and what a chart of it shows."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from adapters.statistics import write
from bot.knowledge import Knowledge
from bot.model import Message, Part, Reply
from bot.storage import Store, Total, Votes
from bot.telemetry import Telemetry

WEEK, MONTH = 7, 30  # days, today among them
MAX_ROWS = 5  # reasons and providers that are told
MAX_ALT = 1_000  # characters; Discord takes 1,024, Slack 2,000
TITLE = "What bounced most"
REASONS, PROVIDERS = "By reason", "By provider"
GONE = "The numbers are out of reach right now. Everything else works; please try again later."
NOTHING = (
    "In the last 30 days no mail error was explained here. Once some were, this shows which are the most frequent."
)
KEPT = "Only counts per day are kept: no text, no address, not who asked. Days begin at midnight UTC."
NO_VOTES = Votes()
_NO_BOUNCE = ("accepted", "auto-reply")  # causes of what came back without an error


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the store has of one tenant."""

    week: tuple[Total, ...] = ()
    month: tuple[Total, ...] = ()
    votes_of_week: Votes = NO_VOTES
    votes_of_month: Votes = NO_VOTES


@dataclass(frozen=True, slots=True)
class Row:
    """One reason or provider, and how often in the last 7 and 30 days."""

    name: str
    week: int
    month: int


@dataclass(frozen=True, slots=True)
class Panel:
    """Rows under a title, the most frequent first."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a person is shown; `panels` is what a chart shows, empty where there is nothing to draw; `alt` says it in words."""

    message: Message
    panels: tuple[Panel, ...] = ()
    alt: str = ""

    @property
    def reply(self) -> Reply:
        """The message as what every adapter draws."""
        return Reply("help", "slash", True, False, self.message)


async def find_summary(store: Store, telemetry: Telemetry, platform: str, tenant: str, knowledge: Knowledge) -> Summary:
    """The summary of one tenant up to now; StoreError where the store is out of reach."""
    await write(store, telemetry)
    return summarize(await find_numbers(store, platform, tenant, datetime.now(UTC).date()), knowledge)


async def find_numbers(store: Store, platform: str, tenant: str, today: date) -> Numbers:
    """What was counted of one tenant up to a day; StoreError where the store is out of reach."""
    week, month = (today - timedelta(days=days - 1) for days in (WEEK, MONTH))
    return Numbers(
        tuple(await store.find_totals(week, platform, tenant)),
        tuple(await store.find_totals(month, platform, tenant)),
        await store.find_votes(week, platform, tenant),
        await store.find_votes(month, platform, tenant),
    )


def summarize(numbers: Numbers, knowledge: Knowledge) -> Summary:
    """The numbers in words, and as rows of a chart."""
    bounced = [_bounced(totals) for totals in (numbers.week, numbers.month)]
    panels = [
        _panel(REASONS, bounced, lambda total: total.cause, lambda cause: name_cause(cause, knowledge)),
        _panel(PROVIDERS, bounced, lambda total: total.provider, lambda family: name_provider(family, knowledge)),
    ]
    shown = tuple(panel for panel in panels if panel.rows)
    parts = [Part("heading", TITLE)]
    parts += [
        Part("text", _told(numbers.week), label="Last 7 days"),
        Part("text", _told(numbers.month), label="Last 30 days"),
    ]
    if not shown:
        parts = [parts[0], Part("text", NOTHING)] if not numbers.month else parts
    parts += [Part("steps", items=tuple(map(_line, panel.rows)), label=panel.title) for panel in shown]
    if numbers.votes_of_month != NO_VOTES:
        parts.append(Part("text", _marked(numbers.votes_of_week, numbers.votes_of_month), label="Marked right"))
    parts.append(Part("note", KEPT))
    return Summary(Message(tuple(parts)), shown, _alt(shown) if shown else "")


def name_cause(cause: str, knowledge: Knowledge) -> str:
    """A cause as it is shown; one that the knowledge no longer has by its own name."""
    known = knowledge.causes.get(cause)
    return str(known["name"]) if known else cause.replace("-", " ")


def name_provider(family: str, knowledge: Knowledge) -> str:
    """A family of providers as it is shown: the name of its only member, else its own."""
    names = [str(facts["name"]) for facts in knowledge.providers.values() if facts["family"] == family]
    if family in knowledge.providers:
        return str(knowledge.providers[family]["name"])
    return names[0] if len(names) == 1 else family.replace("-", " ").capitalize()


def _bounced(totals: Iterable[Total]) -> list[Total]:
    return [total for total in totals if total.kind == "bounce" and total.cause not in _NO_BOUNCE]


def _panel(title: str, bounced: list[list[Total]], key: Callable[[Total], str], name: Callable[[str], str]) -> Panel:
    """The most frequent of the month; what is not named in the text stands in no row."""
    week, month = Counter[str](), Counter[str]()
    for counted, totals in zip((week, month), bounced, strict=True):
        for total in totals:
            counted[key(total)] += total.number
    order = sorted((one for one in month if one), key=lambda one: (-month[one], -week[one], one))
    return Panel(title, tuple(Row(name(one), week[one], month[one]) for one in order[:MAX_ROWS]))


def _told(totals: Iterable[Total]) -> str:
    totals = list(totals)
    errors = sum(total.number for total in _bounced(totals))
    questions = sum(total.number for total in totals if total.kind != "bounce")
    return f"{_counted(errors, 'mail error')} explained, {_counted(questions, 'question')} about codes answered."


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _line(row: Row) -> str:
    return f"{row.name}: {row.month:,} in 30 days ({row.week:,} in the last 7)"


def _marked(week: Votes, month: Votes) -> str:
    cast = month.right + month.wrong
    of_week = f"; {week.right:,} of {week.right + week.wrong:,} in the last 7" if week.right + week.wrong else ""
    return f"{month.right:,} of {_counted(cast, 'vote')} ({month.right / cast:.0%}) in 30 days{of_week}."


def _alt(panels: tuple[Panel, ...]) -> str:
    """The chart in words."""
    told = [
        f"{panel.title}: " + "; ".join(f"{row.name} {row.month:,} ({row.week:,})" for row in panel.rows)
        for panel in panels
    ]
    text = "Bars of how often mail bounced in 30 days (in 7 days). " + ". ".join(told) + "."
    return text if len(text) <= MAX_ALT else text[: MAX_ALT - 1] + "…"


def drawing(panels: Iterable[Panel]) -> list[dict[str, Any]]:
    """The panels as adapters.chart takes them."""
    return [{"title": panel.title, "rows": [[row.name, row.week, row.month] for row in panel.rows]} for panel in panels]

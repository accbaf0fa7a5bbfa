"""Events and API errors of sending services: permanence from their own type fields, arrays, wrappers, damage."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app import Bot
from bot.readers import events
from tests.lines import differences, load, names
from tests.timing import grows_linearly

ROWS = load("events")


@pytest.mark.parametrize("row", ROWS, ids=names(ROWS))
def test_an_event_is_read_as_its_service_wrote_it(bot: Bot, row: dict[str, object]) -> None:
    """Recipient, codes, permanence, fate and cause."""
    reply = bot.answer(str(row["text"]))
    assert not differences(row, reply.answers)
    assert reply.is_bounce == row.get("bounce", True)


JSON = [row for row in ROWS if row["text"].lstrip()[:1] in "[{"]


@pytest.mark.parametrize("row", JSON, ids=names(JSON))
def test_layout_makes_no_difference(bot: Bot, row: dict[str, str]) -> None:
    """Indented JSON, JSON behind a word, in a code fence, as a file."""
    pretty = json.dumps(json.loads(row["text"]), indent=2)
    for text in (pretty, f"webhook: {row['text']}", f"```\n{pretty}\n```"):
        if '\\"' not in text:  # undoing a chat's escapes also undoes those of an inner JSON
            assert not differences(row, bot.answer(text).answers)
    assert not differences(row, bot.answer_mail(row["text"].encode()).answers)


def test_an_array_gives_each_event(bot: Bot) -> None:
    """Single events of all services, sent as one array of each."""
    for row in ROWS:
        if (
            row["text"].startswith("{")
            and "API" not in row["format"]
            and len(row["want"]) == 1
            and row["want"][0]["cause"] != "complaint"
        ):
            text = f"[{row['text']},{row['text']}]"
            read = events.read(text)
            assert read and len(read.failures) == 2, row["format"]


def test_other_json_is_no_event() -> None:
    """A package file, a web error, a journal's line."""
    for value in (
        {"name": "x", "version": "5.1.1"},
        {"error": "Not Found", "message": "no such page"},
        {"MESSAGE": "postfix started", "PRIORITY": "6"},
        [1, 2],
        {},
    ):
        assert events.read(json.dumps(value)) is None


UNITS = [
    '{"a":',
    '[{"',
    '{"event":"bounce","email":"a@example.com","reason":"550 no"},',
    '"reason":"',
    '{"x":{"y":"\\"',
    "[[",
    '{"Message":"{"a":"b",',
    '"to":["a@b.c",',
]


@pytest.mark.parametrize("unit", UNITS)
def test_reading_events_takes_linear_time(unit: str) -> None:
    """Four times the text, less than eight times the time."""
    assert grows_linearly(events.read, unit)
    assert grows_linearly(events.is_json, unit)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["bounce", "550 5.1.1 no", "a@example.com", "Permanent"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["event", "msg", "bounce", "email", "notificationType", "eventType", "RecordType", "Type", "msys", "data", "type", "errors", "Messages", "event-data", "delivery-status", "bouncedRecipients", "mail", "reject", "smtp_events", "message", "TypeCode", "Details", "sg_event_id", "error_related_to", "message-id"]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(_values)
@settings(max_examples=300, deadline=None)
def test_fields_of_any_type_are_read_without_a_traceback(value: object) -> None:
    """A service's names with what nobody expects in them."""
    events.read(json.dumps(value))
    events.read(json.dumps([value]))


def test_spam_beside_a_deferral_is_its_reason_and_no_complaint(bot: Bot) -> None:
    reply = bot.answer('{"event": "deferred", "email": "kim@example.org", "reason": "spam"}')
    assert reply.is_bounce
    assert [(answer.verdict.cause, answer.verdict.permanence) for answer in reply.answers] == [
        ("spam-content", "temporary")
    ]
    complaint = bot.answer('{"event": "spam", "email": "kim@example.org"}')
    assert [answer.verdict.cause for answer in complaint.answers] == ["complaint"]

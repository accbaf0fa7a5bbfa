"""Log lines: every server's own format, prefixes of syslog and containers, the lines of one queue id told as one story."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app import Bot
from bot.readers import logs, logs_csv
from tests.lines import differences, load, names
from tests.timing import grows_linearly

ROWS = load("logs")
SENT = "Oct 10 12:00:05 mx1 postfix/smtp[1]: {id}: to=<kim@example.com>, relay={relay}:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {next})"
BOUNCED = "Oct 10 12:00:09 mx1 postfix/smtp[1]: {id}: to=<{to}>, relay=mx.example.com[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command))"


@pytest.mark.parametrize("row", ROWS, ids=names(ROWS))
def test_a_log_is_read_as_its_program_wrote_it(bot: Bot, row: dict[str, object]) -> None:
    """Recipient, codes, permanence, fate, cause and direction."""
    reply = bot.answer(str(row["text"]))
    assert not differences(row, reply.answers)
    assert reply.is_bounce == row.get("bounce", True)


def test_every_format_has_two_inputs() -> None:
    """Two or more of each."""
    counts: dict[str, int] = {}
    for row in ROWS:
        program = row["format"].split(" milter")[0].split(" status=")[0]
        counts[program] = counts.get(program, 0) + 1
    assert {name for name, count in counts.items() if count < 2} == set()


ONE = [row for row in ROWS if len(row.get("want", ())) == 1]


@pytest.mark.parametrize("row", ONE, ids=names(ONE))
def test_lines_wrapped_by_a_mail_client_are_joined(bot: Bot, row: dict[str, str]) -> None:
    """A paste broken at blanks past column 100 reads the same."""
    if row["text"].lstrip()[:1] in '{"#' or "journald" in row["format"]:
        return
    wrapped = []
    for line in row["text"].splitlines():
        while len(line) > 100 and " " in line[60:100]:
            cut = line.rindex(" ", 60, 100)
            wrapped.append(line[:cut])
            line = "    " + line[cut + 1 :]
        wrapped.append(line)
    read = logs.read_log("\n".join(wrapped))
    assert [failure.recipient for failure in read] == [failure.recipient for failure in logs.read_log(row["text"])]


def test_the_sender_of_another_line_is_known() -> None:
    """qmgr names the sender, smtp the failure."""
    text = (
        "Oct 10 12:00:00 mx1 postfix/qmgr[9]: AA11BB22CC: from=<me@example.org>, size=1, nrcpt=1 (queue active)\n"
        + BOUNCED.format(id="AA11BB22CC", to="kim@example.com")
    )
    (failure,) = logs.read_log(text)
    assert (failure.sender, failure.recipient, failure.queue_id) == ("me@example.org", "kim@example.com", "AA11BB22CC")


def test_a_handover_to_a_filter_is_no_answer_of_its_own() -> None:
    """The story goes on under the id that the filter's server gave."""
    text = (
        SENT.format(id="AA11BB22CC", relay="127.0.0.1[127.0.0.1]", next="DD33EE44FF)")
        + "\n"
        + BOUNCED.format(id="DD33EE44FF", to="kim@example.com")
    )
    assert [failure.action for failure in logs.read_log(text)] == ["failed"]


def test_many_queue_ids_are_many_stories() -> None:
    """A thousand failures are a thousand, and quickly so."""
    text = "\n".join(BOUNCED.format(id=f"AA{n:08X}", to=f"kim{n}@example.com") for n in range(1_000))
    assert len(logs.read_log(text)) == 1_000


UNITS = {
    "postfix": BOUNCED.format(id="AA11BB22CC", to="kim@example.com") + "\n",
    "open status": "status=bounced (",
    "relay": "relay=" * 3,
    "reject": "NOQUEUE: reject: RCPT from a",
    "exim": "2026-10-10 12:00:01 1r2AbC-0001Xy-2z ** a@example.com R=a T=b H=c [192.0.2.1]: 550 no\n",
    "exim flags": " ** a@b == ",
    "exim host": "H=a [",
    "rejected": "H=a] rejected RCPT ",
    "qmail": "delivery 1: failure: a_b/",
    "opensmtpd": 'mta delivery result="TempFail" ',
    "haraka": "[930E3B02-4254-4499-8294-70044A00835D.1] [outbound] recipient <a@b.c> rejected: ",
    "stalwart": 'x (delivery.rcpt-to-rejected) to = "a@b.c", ',
    "rspamd": "rspamd_task_write_log: (default: T (reject): [1/2] [",
    "amavis": "(03491-01) Blocked SPAM {",
    "tracking": "2026-10-10T12:00:01.000Z,a,b,c,d,e,f,SMTP,FAIL,1,<i>,n,a@example.com,550 no\n",
    "json": '{"MESSAGE":"a","log":"',
    "dates": "Oct 10 12:00:01 ",
    "queue": "AA11BB22CC: from=<a@b>, ",
    "milter": "Milter: to=<a>, reject=",
    "ruleset": "ruleset=check_rcpt, arg1=a, relay=b, ",
    "colons": "a: b: ",
}


@pytest.mark.parametrize("name", sorted(UNITS))
def test_reading_logs_takes_linear_time(name: str) -> None:
    """Four times the text, less than eight times the time; in one line and in many."""
    for unit in (UNITS[name], UNITS[name].rstrip("\n") + "\n"):
        assert grows_linearly(logs.read_log, unit)


@given(st.lists(st.sampled_from([*UNITS.values(), "\n", " ", "\x00", "é", "🙂", "<", ">", "550 5.1.1 "]), max_size=12))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_the_reader(parts: list[str]) -> None:
    """Any mix of beginnings is read without a traceback, and nothing is invented."""
    text = "".join(parts)
    if logs.looks_like(text):
        for failure in logs.read_log(text):
            for value in (failure.recipient, failure.reply_code, failure.queue_id):
                assert value is None or value.removeprefix("delivery ") in text


@given(st.text(max_size=400))
@settings(max_examples=100, deadline=None)
def test_no_table_breaks_the_reader(text: str) -> None:
    """Half tables, quotes that never end."""
    logs_csv.read_table('"EventId","Recipients","RecipientStatus","Sender"\n' + text)


def test_our_own_refusal_has_steps_for_the_refusing_server(bot: Bot) -> None:
    """Also where the situation, here Postfix, has steps of its own for the sender."""
    line = (
        "Nov 10 12:00:01 mx1 postfix/smtpd[123]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 450 4.7.1 Client host rejected: "
        "cannot find your reverse hostname, [203.0.113.9]; from=<a@example.net> to=<b@example.com> proto=ESMTP helo=<x>"
    )
    (answer,) = bot.answer(line).answers
    told = bot.knowledge.words["incoming"]["reverse-dns-missing"]["steps"]
    assert len(answer.steps) == len(told) and "check_client_access" in answer.steps[1]
    for cause, words in bot.knowledge.words["incoming"].items():
        assert {"happened", "move", "steps"} <= words.keys(), cause

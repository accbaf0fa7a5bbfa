"""Counts go by fixed names; log lines pass through the redaction whoever writes them."""

import json
import logging
import subprocess
import sys

import pytest

from bot.telemetry import RedactingFilter, Telemetry, describe


def test_counts_and_timings() -> None:
    """How often, and how long in all."""
    telemetry = Telemetry()
    telemetry.count("slack.slash.code", 0.5)
    telemetry.count("slack.slash.code", 0.25)
    telemetry.count("slack.failed")
    assert telemetry.snapshot() == {"slack.failed": (1, 0.0), "slack.slash.code": (2, 0.75)}


@pytest.mark.parametrize("name", ["", "Kim", "kim@example.com", "550 5.1.1", "a..b"])
def test_a_name_cannot_hold_content(name: str) -> None:
    """Names are lower-case words joined by dots."""
    with pytest.raises(ValueError, match="names"):
        Telemetry().count(name)


def test_exception_is_told_by_type_and_place() -> None:
    """Its words may quote a message."""
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "failed for %s", ("kim@example.com",), None)
    try:
        raise ValueError("robin@example.org wrote 550")
    except ValueError as error:
        record.exc_info = (type(error), error, error.__traceback__)
        assert describe(error).startswith("ValueError < test_telemetry.py:")
    RedactingFilter().filter(record)
    told = logging.Formatter().format(record)
    assert told.startswith("failed for k•••@example.com [ValueError < test_telemetry.py:")
    assert "robin" not in told


def test_every_logger_is_redacted_and_libraries_do_not_chat() -> None:
    """Also at debug level, as JSON, and for loggers made by libraries."""
    code = (
        "import logging; from bot.telemetry import start_logging; start_logging('debug', 'json', ('hidden1',))\n"
        "logging.getLogger('mine').debug('hidden1 xoxb-1-2')\n"
        "logging.getLogger('slack_bolt.App').info('body: 550 5.1.1')\n"
        "logging.getLogger('slack_sdk').warning('sent to https://hooks.slack.com/x/y')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["message"] for line in lines] == ["••• •••", "sent to https://hooks.slack.com/•••"]

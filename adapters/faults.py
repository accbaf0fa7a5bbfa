"""What is said where a fault of ours left something unanswered."""

import logging
import secrets

from bot.telemetry import Telemetry, describe

FAILED = "Something went wrong here. If it happens again, tell whoever runs this bot the number {id}."


def tell_fault(platform: str, error: Exception, telemetry: Telemetry) -> str:
    """The sentence for whoever asked, with a number that the log has too.

    The error's own words may quote what somebody sent, so they stand in neither.
    """
    identifier = secrets.token_hex(4)
    logging.getLogger(f"smtpbot.{platform}").error("no answer, id %s: %s", identifier, describe(error))
    telemetry.count(f"{platform}.failed")
    return FAILED.replace("{id}", identifier)

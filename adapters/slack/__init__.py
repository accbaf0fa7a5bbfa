"""Slack: /smtp, mentions and direct messages, over Socket Mode or signed HTTP.

Importing this loads none of Slack's packages, so that a program without Slack does without them.
"""

from bot.settings import Settings


def find_reason_off(settings: Settings) -> str | None:
    """Why Slack does not run with these settings; None where it does."""
    return None if settings.slack_bot_token or settings.slack_client_id else "SLACK_BOT_TOKEN is not set"

"""Slack: /smtp, mentions and direct messages, over Socket Mode or signed HTTP."""

"""`smtpbot serve`: which adapters run, which do not and why, and what the person who starts it reads."""

import pytest

from adapters import serve
from bot.errors import SettingsError, UsageError
from bot.settings import Settings


def test_unknown_adapter_is_wrong_use() -> None:
    """Status 2, and the names there are."""
    with pytest.raises(UsageError, match=r"there is no adapter icq; there are: .*slack"):
        serve.run(["icq"], {})


def test_an_adapter_asked_for_by_name_needs_its_settings() -> None:
    """Status 3 where it has none."""
    with pytest.raises(SettingsError, match="slack cannot run: SLACK_BOT_TOKEN is not set"):
        serve.run(["slack", "web"], {})


def test_nothing_to_serve_says_what_is_off_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 3 where not even the page is there."""
    monkeypatch.setattr(serve, "ADAPTERS", {"slack": "adapters.slack", "web": "no_such_package"})
    with pytest.raises(SettingsError, match="slack: off, SLACK_BOT_TOKEN is not set; web: off, the Python package"):
        serve.run([], {})


def test_broken_settings_are_told_before_anything_runs() -> None:
    """All of them, also when another adapter was asked for."""
    with pytest.raises(SettingsError, match="SLACK_BOT_TOKEN needs"):
        serve.run(["slack"], {"SLACK_BOT_TOKEN": "xoxb-1"})


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra that brings it."""
    monkeypatch.setattr(serve, "ADAPTERS", {"slack": "no_such_package"})
    with pytest.raises(SettingsError, match=r"no_such_package is not installed \(pip install 'smtpbot\[slack\]'\)"):
        serve.run(["slack"], {})


def test_adapters_without_settings_are_told_when_another_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line each; the others go on."""
    monkeypatch.setattr(serve, "ADAPTERS", {"slack": "adapters.slack", "absent": "no_such_package"})
    chosen = serve._choose([], Settings(slack_bot_token="xoxb-1", slack_app_token="xapp-1"))
    assert [module.__name__ for module in chosen] == ["adapters.slack.run"]
    assert capsys.readouterr().err.startswith("absent: off, the Python package no_such_package is not installed")

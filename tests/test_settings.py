"""The environment becomes Settings; what is wrong in it is told at once and in full."""

import dataclasses
import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import SETTINGS, Settings, describe_settings, read_settings, unknown_names

ROOT = Path(__file__).parent.parent
SECRET = "0123456789abcdef0123456789abcdef"
SOCKET = {"SLACK_BOT_TOKEN": "xoxb-1-2", "SLACK_APP_TOKEN": "xapp-1-2"}


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as told:
        read_settings(environ)
    return str(told.value).splitlines()


def test_nothing_set_is_fine() -> None:
    """The terminal needs no setting."""
    assert read_settings({"PATH": "/bin", "HOME": "/home/kim"}) == Settings(
        state_dir=Path("/home/kim/.local/state/smtpbot")
    )


def test_every_setting_is_listed_and_documented_and_every_field_has_one() -> None:
    """One place: a name, a field that exists, a sentence."""
    assert {setting.field for setting in SETTINGS} == {field.name for field in dataclasses.fields(Settings)}
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
    for setting in SETTINGS:
        assert re.fullmatch(r"(?:SLACK|SMTPBOT|DISCORD)_[A-Z_]+", setting.name)
        assert len(setting.doc) > 20 and setting.doc.endswith(".")


def test_no_other_module_reads_the_environment_by_name() -> None:
    """A setting that is read elsewhere would be missing from the list."""
    names = {setting.name for setting in SETTINGS}
    for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]:
        read = set(re.findall(r"environ(?:\.get\(|\[)\"((?:SLACK|SMTPBOT|DISCORD)_\w+)\"", path.read_text("utf-8")))
        assert read <= names, path


def test_values_are_read(tmp_path: Path) -> None:
    """Each kind of value once."""
    settings = read_settings(
        SOCKET
        | {
            "SMTPBOT_LISTEN": "[::1]:80",
            "SMTPBOT_OUR_DOMAINS": "Example.com, example.org",
            "SMTPBOT_OUR_IPS": "192.0.2.0/24 2001:db8::1",
            "SMTPBOT_OUR_HOSTS": "mx1.example.com.",
            "SMTPBOT_OUR_PANEL": "Our Panel",
            "SMTPBOT_DATA_DIR": str(tmp_path),
            "SMTPBOT_LOG_FORMAT": "JSON",
        }
    )
    assert settings.listen == ("::1", 80)
    assert settings.our_domains == ("example.com", "example.org")
    assert settings.our_ips == (ip_network("192.0.2.0/24"), ip_network("2001:db8::1"))
    assert settings.our_hosts == ("mx1.example.com",)
    assert (settings.our_panel, settings.data_dir, settings.log_format) == ("Our Panel", tmp_path, "json")
    assert settings.secrets == ("xoxb-1-2", "xapp-1-2")


def test_any_setting_may_stand_in_a_file(tmp_path: Path) -> None:
    """NAME_FILE, as secrets are mounted; the line break at its end is no part of it."""
    (tmp_path / "token").write_text("xoxb-9\n", "utf-8")
    settings = read_settings({"SLACK_BOT_TOKEN_FILE": str(tmp_path / "token"), "SLACK_SIGNING_SECRET": SECRET})
    assert settings.slack_bot_token == "xoxb-9"


def test_all_problems_are_told_together(tmp_path: Path) -> None:
    """One line each, with the name, and never the value of a secret."""
    (tmp_path / "empty").touch()
    told = problems(
        {
            "SLACK_BOT_TOKEN": "wrong-token",
            "SLACK_SIGNING_SECRET": " ",
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_APP_TOKEN_FILE": "/x",
            "SMTPBOT_LISTEN": "8451",
            "SMTPBOT_OUR_IPS": "300.1.1.1",
            "SMTPBOT_OUR_HOSTS_FILE": str(tmp_path / "none"),
            "SMTPBOT_OUR_PANEL_FILE": str(tmp_path / "empty"),
            "SMTPBOT_LOG_LEVEL": "loud",
            "SMTPBOT_DATA_DIR": str(tmp_path / "none"),
        }
    )
    assert sorted(line.split()[0] for line in told) == [
        "SLACK_APP_TOKEN", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SMTPBOT_DATA_DIR", "SMTPBOT_LISTEN", "SMTPBOT_LOG_LEVEL",
        "SMTPBOT_OUR_HOSTS", "SMTPBOT_OUR_IPS", "SMTPBOT_OUR_PANEL",
    ]  # fmt: skip
    assert "wrong-token" not in "".join(told)


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_BOT_TOKEN needs SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP) beside it"),
        ({"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": SECRET, "SLACK_SIGNING_SECRET": SECRET}, "SMTPBOT_ENCRYPTION_KEYS is needed where many workspaces install the bot"),
        ({"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": SECRET, "SLACK_SIGNING_SECRET": SECRET, "SMTPBOT_ENCRYPTION_KEYS": "A" * 43 + "=", "SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_BOT_TOKEN is for one workspace and SLACK_CLIENT_ID for many; keep one"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_APP_TOKEN needs SLACK_BOT_TOKEN beside it"),
        ({"SLACK_SIGNING_SECRET": SECRET}, "SLACK_SIGNING_SECRET needs SLACK_BOT_TOKEN beside it"),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": ""}, "SLACK_SIGNING_SECRET is empty; set it or leave it out"),
    ],
)  # fmt: skip
def test_half_of_slack_is_told(environ: dict[str, str], sentence: str) -> None:
    """What is missing is named; an empty secret is refused."""
    assert problems(environ) == [sentence]


def test_misspelled_names_are_found() -> None:
    """For a warning at start."""
    assert unknown_names(SOCKET | {"SMTPBOT_LISTENS": "1", "SMTPBOT_LISTEN_FILE": "x", "SMTPBOT_REQUIRE": "slack"}) == [
        "SMTPBOT_LISTENS"
    ]


def test_settings_do_not_print_secrets() -> None:
    """A traceback or a log of the settings shows none."""
    assert "xoxb" not in repr(read_settings(SOCKET))


def test_all_settings_are_described_and_the_secret_ones_marked() -> None:
    listed = describe_settings()
    for setting in SETTINGS:
        assert f"{setting.name}{' (secret)' if setting.secret else ''}\n    {setting.doc}\n" in listed

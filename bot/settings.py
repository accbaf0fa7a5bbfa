"""The environment -> Settings, once, at start. Every setting is listed here with its documentation.

Each is read from NAME, or from the file that NAME_FILE names (a mounted secret, say). All problems of one reading
are reported together, those found where the environment came from among them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from bot.errors import SettingsError

SLACK_API = "https://slack.com/api/"
MAX_FILE = 65_536


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator has set; None or empty where nothing is."""

    slack_bot_token: str | None = field(default=None, repr=False)
    slack_app_token: str | None = field(default=None, repr=False)
    slack_signing_secret: str | None = field(default=None, repr=False)
    slack_client_id: str | None = None
    slack_client_secret: str | None = field(default=None, repr=False)
    slack_api_url: str = SLACK_API
    discord_token: str | None = field(default=None, repr=False)
    discord_message_content: bool = False
    discord_shards: int | None = None
    discord_processes: int = 1
    discord_ordinal: int | None = None
    listen: tuple[str, int] = ("127.0.0.1", 8451)
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    database_url: str | None = field(default=None, repr=False)
    database_migrate: bool = True
    state_dir: Path = Path()
    encryption_keys: tuple[str, ...] = field(default=(), repr=False)
    data_dir: Path | None = None
    our_domains: tuple[str, ...] = ()
    our_ips: tuple[IPv4Network | IPv6Network, ...] = ()
    our_hosts: tuple[str, ...] = ()
    our_panel: str | None = None
    log_level: str = "info"
    log_format: str = "text"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that no log may hold."""
        slack = (self.slack_bot_token, self.slack_app_token, self.slack_signing_secret, self.slack_client_secret)
        database = (password_of(self.database_url), *self.encryption_keys)
        return tuple(filter(None, (*slack, self.discord_token, *database)))


class Environment(dict[str, str]):
    """Names and values gathered from several places.

    Attributes: origins (setting -> where it stands, unless in the process's environment), problems (each ends the
    reading), warnings (each is logged).
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.origins: dict[str, str] = {}
        self.problems: list[str] = []
        self.warnings: list[str] = []


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: the name in the environment, the field it fills, how it is read, and what it is for."""

    name: str
    field: str
    read: Callable[[str], Any]
    doc: str
    secret: bool = False


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text.lower()

    return read


def _starting(prefix: str, where: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not text.startswith(prefix) or len(text.split()) != 1:
            raise ValueError(f"must begin with {prefix} ({where})")
        return text

    return read


def _discord_token(text: str) -> str:
    if not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", text):
        raise ValueError("is no bot token (Discord Developer Portal > Bot > Reset Token)")
    return text


def password_of(url: str | None) -> str | None:
    """The password in a database URL as it stands there, or None."""
    found = re.match(r"[\w+]+://[^:@/]*:([^@]+)@", url or "")
    return found[1] if found else None


def _database(text: str) -> str:
    if not re.match(r"(?:sqlite:///|postgres(?:ql)?://)\S", text):
        raise ValueError("must begin with sqlite:///path or postgresql://")
    return text


def _keys(text: str) -> tuple[str, ...]:
    keys = tuple(key for key in re.split(r"[\s,]+", text) if key)
    if not all(re.fullmatch(r"[\w-]{43}=", key) for key in keys):
        raise ValueError("must hold keys of 44 characters, the newest first (see Fernet.generate_key of cryptography)")
    return keys


def _switch(text: str) -> bool:
    if text.lower() not in ("on", "off"):
        raise ValueError("must be on or off")
    return text.lower() == "on"


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 100_000:
        raise ValueError("must be a number from 1 on")
    return int(text)


def _ordinal(text: str) -> int:
    found = re.fullmatch(r"(?:.*-)?(\d{1,5})", text)
    if not found:
        raise ValueError("must be a number, or a name that ends in one, such as smtpbot-discord-2")
    return int(found[1])


def _secret(text: str) -> str:
    if len(text) < 16 or len(text.split()) != 1:
        raise ValueError("is too short for a signing secret (Basic Information > App Credentials)")
    return text


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.lower().strip(".") for name in re.split(r"[\s,]+", text) if name)
    for name in names:
        if not re.fullmatch(r"[\w-]{1,63}(?:\.[\w-]{1,63})*", name):
            raise ValueError(f"holds {name!r}, which is no domain or host name")
    return names


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part, strict=False) for part in re.split(r"[\s,]+", text) if part)
    except ValueError as error:
        raise ValueError(f"must hold IP addresses or networks such as 192.0.2.0/24 ({error})") from None


def _listen(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 <= int(port) < 65_536:
        raise ValueError("must be HOST:PORT, such as 127.0.0.1:8451")
    return host.strip("[]"), int(port)


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise ValueError("names no folder")
    return Path(text)


def _api(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(?:/[^\s]*)?", text):
        raise ValueError("must be an http:// or https:// address")
    return text.rstrip("/") + "/"


SETTINGS = (
    Setting("SLACK_BOT_TOKEN", "slack_bot_token", _starting("xoxb-", "OAuth & Permissions > Bot User OAuth Token"),
            "Slack: the bot's token. Needed with SLACK_APP_TOKEN or SLACK_SIGNING_SECRET.", True),
    Setting("SLACK_APP_TOKEN", "slack_app_token", _starting("xapp-", "Basic Information > App-Level Tokens"),
            "Slack over Socket Mode, without a public address: a token with connections:write. Goes before HTTP.", True),
    Setting("SLACK_SIGNING_SECRET", "slack_signing_secret", _secret,
            "Slack over HTTP: the secret that signs Slack's requests; they arrive at /slack/events.", True),
    Setting("SLACK_CLIENT_ID", "slack_client_id", str,
            "Slack for many workspaces, which install the bot at /slack/install: with SLACK_CLIENT_SECRET, "
            "SLACK_SIGNING_SECRET and SMTPBOT_ENCRYPTION_KEYS, in place of SLACK_BOT_TOKEN."),
    Setting("SLACK_CLIENT_SECRET", "slack_client_secret", _secret,
            "Slack for many workspaces: the secret beside SLACK_CLIENT_ID.", True),
    Setting("SLACK_API_URL", "slack_api_url", _api,
            "For tests only: another Slack API. The tokens go there, and a warning says so."),
    Setting("DISCORD_TOKEN", "discord_token", _discord_token,
            "Discord: the bot's token.", True),
    Setting("SMTPBOT_DISCORD_MESSAGE_CONTENT", "discord_message_content", _switch,
            "on: channels may be watched. Discord must allow the bot the message content intent. Default off."),
    Setting("SMTPBOT_DISCORD_SHARDS", "discord_shards", _count,
            "Shards in all. Default: as many as Discord recommends, in one process."),
    Setting("SMTPBOT_DISCORD_PROCESSES", "discord_processes", _count,
            "Over how many processes the shards are spread. Default 1."),
    Setting("SMTPBOT_DISCORD_ORDINAL", "discord_ordinal", _ordinal,
            "Which of these processes this one is, from 0: a number, or a pod's name that ends in one."),
    Setting("SMTPBOT_LISTEN", "listen", _listen,
            "Where HTTP is served: HOST:PORT, with port 0 any that is free. Default 127.0.0.1:8451; put a proxy with HTTPS before it."),
    Setting("SMTPBOT_TRUSTED_PROXIES", "trusted_proxies", _networks,
            "Proxies whose X-Forwarded-For says who asks: addresses or networks. Separated by commas or spaces. Default none."),
    Setting("SMTPBOT_DATABASE_URL", "database_url", _database,
            "Where settings of channels, installs and counts are kept: sqlite:///path or postgresql://user:password@host/name. "
            "Default: the file smtpbot.sqlite3 in the state folder.", True),
    Setting("SMTPBOT_DATABASE_MIGRATE", "database_migrate", _switch,
            "off: `serve` leaves the tables as they are, and `smtpbot database upgrade` is run beforehand. Default on."),
    Setting("SMTPBOT_STATE_DIR", "state_dir", Path,
            "The state folder, made where it is missing. Default: systemd's, else ~/.local/state/smtpbot."),
    Setting("SMTPBOT_ENCRYPTION_KEYS", "encryption_keys", _keys,
            "Encrypt the tokens of installed workspaces: one or more Fernet keys, the newest first.", True),
    Setting("SMTPBOT_DATA_DIR", "data_dir", _folder,
            "A folder with entries of your own, laid over the knowledge that comes with the bot."),
    Setting("SMTPBOT_OUR_DOMAINS", "our_domains", _names,
            "Your domains, so that an answer can say you, us and they. Separated by commas or spaces."),
    Setting("SMTPBOT_OUR_IPS", "our_ips", _networks,
            "Your servers' addresses or networks. Separated by commas or spaces."),
    Setting("SMTPBOT_OUR_HOSTS", "our_hosts", _names,
            "Your mail servers by name. Separated by commas or spaces."),
    Setting("SMTPBOT_OUR_PANEL", "our_panel", str,
            "The panel your customers manage their mail with, named in steps for them."),
    Setting("SMTPBOT_LOG_LEVEL", "log_level", _one_of("debug", "info", "warning", "error"),
            "How much is logged: debug, info, warning or error. Default info. Message content is in none."),
    Setting("SMTPBOT_LOG_FORMAT", "log_format", _one_of("text", "json"),
            "Log lines as text or as JSON. Default text."),
)  # fmt: skip


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of this environment; SettingsError with all problems, one to a line."""
    values: dict[str, Any] = {}
    gathered = environ if isinstance(environ, Environment) else Environment(environ)
    problems = list(gathered.problems)
    for setting in SETTINGS:
        try:
            text = _find_text(setting.name, environ)
            if text is not None:
                values[setting.field] = setting.read(text)
        except ValueError as error:
            origin = gathered.origins.get(setting.name)
            problems.append(f"{setting.name} {error}" + (f" ({origin})" if origin else ""))
    values.setdefault("state_dir", _default_state(environ))
    settings = Settings(**values)
    problems += _slack_problems(settings) if not problems else []
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def _default_state(environ: Mapping[str, str]) -> Path:
    """systemd's folder for the unit, else the user's (XDG base directory specification)."""
    if environ.get("STATE_DIRECTORY"):
        return Path(environ["STATE_DIRECTORY"].split(":")[0])
    home = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME", "/nonexistent")) / ".local/state")
    return Path(home) / "smtpbot"


def describe_settings() -> str:
    """All settings, a name and what it is for on two lines each."""
    rows = (f"{setting.name}{' (secret)' * setting.secret}\n    {setting.doc}" for setting in SETTINGS)
    return (
        "\n".join(rows)
        + "\nNAME_FILE names a file that holds the value of NAME. `serve`, `doctor`, `database` and `discord` "
        "also read the file .env\nin the folder they are started in; what the environment holds goes before it."
    )


def find_warnings(environ: Mapping[str, str]) -> list[str]:
    """What is odd about an environment but no problem: a line each, for the log."""
    gathered = list(environ.warnings) if isinstance(environ, Environment) else []
    return gathered + [f"{name} is no setting of smtpbot" for name in unknown_names(environ)]


def unknown_names(environ: Mapping[str, str]) -> list[str]:
    """Names that look like settings of ours but are none; most are misspelled."""
    known = {setting.name + end for setting in SETTINGS for end in ("", "_FILE")} | {"SMTPBOT_REQUIRE"}
    return sorted(name for name in environ if name.startswith("SMTPBOT_") and name not in known)


def _find_text(name: str, environ: Mapping[str, str]) -> str | None:
    """The value as it is set, or None; an empty one is a mistake, not a value."""
    file = environ.get(f"{name}_FILE")
    if name in environ and file is not None:
        raise ValueError(f"and {name}_FILE are both set; keep one")
    text = environ.get(name)
    if file is not None:
        try:
            with open(file, encoding="utf-8") as handle:
                text = handle.read(MAX_FILE)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            raise ValueError(f"cannot be read from {file}: {reason}") from None
    if text is None:
        return None
    if not text.strip():
        raise ValueError("is empty; set it or leave it out")
    return text.strip()


def _slack_problems(settings: Settings) -> list[str]:
    if settings.slack_client_id or settings.slack_client_secret:
        return _many_problems(settings)
    with_token = settings.slack_app_token or settings.slack_signing_secret
    if settings.slack_bot_token and not with_token:
        return ["SLACK_BOT_TOKEN needs SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP) beside it"]
    if with_token and not settings.slack_bot_token:
        name = "SLACK_APP_TOKEN" if settings.slack_app_token else "SLACK_SIGNING_SECRET"
        return [f"{name} needs SLACK_BOT_TOKEN beside it"]
    return []


def _many_problems(settings: Settings) -> list[str]:
    needed = {
        "SLACK_CLIENT_ID": settings.slack_client_id,
        "SLACK_CLIENT_SECRET": settings.slack_client_secret,
        "SLACK_SIGNING_SECRET": settings.slack_signing_secret,
        "SMTPBOT_ENCRYPTION_KEYS": settings.encryption_keys,
    }
    problems = [
        f"{name} is needed where many workspaces install the bot" for name, value in needed.items() if not value
    ]
    for name, value in (("SLACK_BOT_TOKEN", settings.slack_bot_token), ("SLACK_APP_TOKEN", settings.slack_app_token)):
        if value:
            problems.append(f"{name} is for one workspace and SLACK_CLIENT_ID for many; keep one")
    return problems

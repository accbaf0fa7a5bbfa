"""`smtpbot doctor`: looks at all that `serve` needs, says what is wrong and what mends it. Changes nothing, prints no secret."""

import asyncio
import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib import import_module
from typing import TextIO

from adapters.checks import Check, Clock
from bot.building import collect_own
from bot.errors import DataError, SettingsError
from bot.knowledge import Knowledge, load_knowledge, merge, read_built
from bot.settings import SETTINGS, Settings, find_warnings, read_settings

# Packages with find_reason_off(settings), and in them the module `doctor` with examine(settings, clock) -> checks.
PLATFORMS = ("slack", "discord")
PROBE_WITHIN = 5  # seconds


def run(environ: Mapping[str, str], as_json: bool, out: TextIO, clock: Clock = time.time) -> int:
    """Print every check; 0, or 3 where there is a problem. Warnings are for the operator to judge."""
    checks, secrets = examine(environ, clock)
    bad = any(check.state == "problem" for check in checks)
    if as_json:
        text = json.dumps({"ok": not bad, "checks": [asdict(check) for check in checks]}, ensure_ascii=False) + "\n"
    else:
        text = "".join(_line(check) for check in checks) + _summary(checks)
    for secret in secrets:
        text = text.replace(secret, "•••")
    out.write(text)
    return 3 if bad else 0


def examine(environ: Mapping[str, str], clock: Clock = time.time) -> tuple[list[Check], tuple[str, ...]]:
    """All checks, and the secrets that none of them may show. Without settings nothing else can be looked at."""
    warnings = [Check("settings", "warning", line) for line in find_warnings(environ)]
    try:
        settings = read_settings(environ)
    except SettingsError as error:
        mend = "correct it where it is set; `smtpbot serve --settings` lists all settings"
        return warnings + [Check("settings", "problem", line, mend) for line in str(error).splitlines()], ()
    made = sum(setting.name in environ or f"{setting.name}_FILE" in environ for setting in SETTINGS)
    checks = [*warnings, Check("settings", "ok", f"{made} of {len(SETTINGS)} made, the others at their defaults")]
    checks += [*_examine_data(settings), *_examine_database(settings), *_examine_listener(settings)]
    return checks + asyncio.run(_examine_platforms(settings, clock)), settings.secrets


def _examine_data(settings: Settings) -> Iterator[Check]:
    try:
        knowledge = load_knowledge()
    except DataError as error:
        yield Check("knowledge", "problem", str(error), "run: smtpbot data build; or install smtpbot again")
        return
    count = f"{len(knowledge.rules):,} rules, {len(knowledge.providers)} providers"
    yield Check("knowledge", "ok", f"fresh: {count}")
    if settings.data_dir is None:
        return
    try:
        built = read_built()
        own = collect_own(settings.data_dir, built)
        Knowledge(merge(built, own))
    except DataError as error:
        yield Check(
            "own knowledge", "problem", str(error), "correct the file there; data/README.md describes all fields"
        )
        return
    held = len(own["rules"]) + len(own["reply"]) + len(own["enhanced"]) + len(own["words"])
    if held:
        yield Check("own knowledge", "ok", f"{len(own['rules'])} rules in {settings.data_dir}")
    else:
        yield Check(
            "own knowledge", "warning", f"nothing in {settings.data_dir}",
            "SMTPBOT_DATA_DIR names a folder laid out as data/, with phrases/, providers/, codes/ or text/",
        )  # fmt: skip


def _examine_database(settings: Settings) -> list[Check]:
    try:
        from adapters.database import doctor
    except ModuleNotFoundError as error:
        return [_missing("database", error)]
    return list(doctor.examine(settings))


def _examine_listener(settings: Settings) -> list[Check]:
    try:
        from adapters import listener
    except ModuleNotFoundError as error:
        return [_missing("listener", error, "serve")]
    host, port = settings.listen
    where = f"{host}:{port}"
    try:
        listener.bind(settings).close()
    except SettingsError as error:
        found = _ask_who_listens(f"http://{f'[{host}]' if ':' in host else host}:{port}/readyz")
        mend = "end the other program, or set SMTPBOT_LISTEN to another port"
        return [found or Check("listener", "problem", str(error).partition(": ")[2], mend)]
    return [Check("listener", "ok", f"{where} is free")]


def _ask_who_listens(url: str) -> Check | None:
    """How a running smtpbot at that address is; None where it is another program."""
    try:
        told = _fetch(url)
    except (OSError, ValueError):
        return None
    if not isinstance(told, dict) or "not_ready" not in told:
        return None
    if told["ready"]:
        return Check("listener", "ok", "smtpbot runs there, and is ready")
    missing = ", ".join(map(str, told["not_ready"]))
    return Check("listener", "warning", f"smtpbot runs there, not ready: {missing}", "its log says why")


def _fetch(url: str) -> object:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=PROBE_WITHIN) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:  # 503 while it is not ready
        with contextlib.closing(error):
            return json.load(error)


async def _examine_platforms(settings: Settings, clock: Clock) -> list[Check]:
    found = await asyncio.gather(*(_examine_platform(name, settings, clock) for name in PLATFORMS))
    return [check for checks in found for check in checks]


async def _examine_platform(name: str, settings: Settings, clock: Clock) -> list[Check]:
    reason = import_module(f"adapters.{name}").find_reason_off(settings)
    if reason:
        return [Check(name, "ok", f"off: {reason}")]
    try:
        doctor = import_module(f"adapters.{name}.doctor")
    except ModuleNotFoundError as error:
        return [_missing(name, error)]
    checks: list[Check] = await doctor.examine(settings, clock)
    return checks


def _missing(name: str, error: ModuleNotFoundError, extra: str = "") -> Check:
    told = f"the Python package {error.name} is not installed"
    return Check(name, "problem", told, f"pip install 'smtpbot[{extra or name}]'")


def _line(check: Check) -> str:
    mend = f"\n{'':10}to mend it: {check.mend}" if check.mend and check.state != "ok" else ""
    return f"{check.state:9} {check.name}: {check.told}{mend}\n"


def _summary(checks: list[Check]) -> str:
    numbers = {state: sum(check.state == state for check in checks) for state in ("problem", "warning")}
    told = [f"{number} {state}{'s' * (number != 1)}" for state, number in numbers.items() if number]
    return f"{', '.join(told) or 'all is well'}\n"

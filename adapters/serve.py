"""`smtpbot serve`: runs the adapters whose settings are there, until SIGTERM; running answers are finished."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from adapters import listener
from adapters.database.opening import open_store
from adapters.reload import LiveBot, Reloader, warm
from adapters.service import Service
from adapters.signals import heed_signals, ignore_hangups
from adapters.statistics import write_rest, write_until
from bot.app import Bot
from bot.errors import SettingsError, UsageError
from bot.settings import Settings, find_warnings, read_settings
from bot.storage import Store
from bot.telemetry import start_logging

# Each names a package with find_reason_off(settings) -> str | None, and in it the module `run` with
# run(service) -> coroutine, which is imported only where nothing keeps it off.
ADAPTERS: Mapping[str, str] = {
    "slack": "adapters.slack",
    "discord": "adapters.discord",
    "web": "adapters.web",
}

OpenStore = Callable[[Settings], Awaitable[Store]]
_log = logging.getLogger("smtpbot")


def run(names: list[str], environ: Mapping[str, str], open_store: OpenStore = open_store) -> int:
    """Serve the named adapters, or all that are set up; 0 at the end. BotError for what the operator has to mend."""
    for name in names:
        if name not in ADAPTERS:
            raise UsageError(f"there is no adapter {name}; there are: {', '.join(ADAPTERS)}")
    ignore_hangups()
    settings = read_settings(environ)
    start_logging(settings.log_level, settings.log_format, settings.secrets)
    for line in find_warnings(environ):
        _log.warning("%s", line)
    running = _choose(names, settings)
    bot = LiveBot(Bot.from_settings(settings))
    warm(bot)
    _loop_runner()(_serve(running, settings, bot, open_store))
    return 0


def _choose(names: list[str], settings: Settings) -> list[ModuleType]:
    """The modules to run; tells which adapters are off and why."""
    chosen, off = [], []
    for name in names or ADAPTERS:
        try:
            reason = import_module(ADAPTERS[name]).find_reason_off(settings)
            if reason is None:
                chosen.append(import_module(f"{ADAPTERS[name]}.run"))
                continue
        except ModuleNotFoundError as error:
            reason = f"the Python package {error.name} is not installed (pip install 'smtpbot[{name}]')"
        if names:
            raise SettingsError(f"{name} cannot run: {reason}")
        off.append(f"{name}: off, {reason}")
    if not chosen:
        raise SettingsError("nothing to serve. " + "; ".join(off))
    for line in off:
        print(f"{line} (README.md says how to turn it on)", file=sys.stderr, flush=True)
    return chosen


def _loop_runner() -> Callable[[Coroutine[Any, Any, None]], None]:
    try:
        import uvloop
    except ModuleNotFoundError:
        return asyncio.run
    return uvloop.run


async def _serve(modules: list[ModuleType], settings: Settings, bot: LiveBot, open_store: OpenStore) -> None:
    listening = listener.bind(settings)
    try:
        store = await open_store(settings)
    except BaseException:
        listening.close()
        raise
    service = Service(settings, bot, store, address=listener.address_of(listening))
    service.say(f"listening at {service.address} (/healthz, /readyz, /metrics)")
    reloader = Reloader(bot, settings, service.reloads)
    heed_signals(service.stop, reloader)
    tasks = [asyncio.create_task(module.run(service)) for module in modules]
    tasks.append(
        asyncio.create_task(listener.run(service, listening))
    )  # after the adapters have said what they wait for
    tasks.append(asyncio.create_task(write_until(service.stop, store, service.telemetry)))
    ending = asyncio.create_task(service.stop.wait())
    reloading = asyncio.create_task(reloader.run())
    await asyncio.wait({*tasks, ending}, return_when=asyncio.FIRST_COMPLETED)
    service.stop.set()  # one adapter that fails ends the others, so that whoever supervises us notices
    ending.cancel()
    reloading.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    await write_rest(store, service.telemetry)
    await store.close()
    _log.info("stopped: %s", {name: count for name, (count, _) in service.telemetry.snapshot().items()})
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome

"""What signals mean to `serve`: SIGTERM and SIGINT end it, SIGHUP reads the knowledge anew, unless a terminal was closed."""

import asyncio
import os
import signal

from adapters.reload import Reloader


def ignore_hangups() -> None:
    """Until `heed_signals`: a reload asked for during the start is not the end. In a terminal a hang-up stays the end."""
    if not has_terminal():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def heed_signals(stop: asyncio.Event, reloader: Reloader) -> None:
    """Let the running loop act on signals."""
    began_in_terminal = has_terminal()

    def hang_up() -> None:
        if began_in_terminal and not has_terminal():
            stop.set()
        else:
            reloader.request()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, hang_up)


def has_terminal() -> bool:
    """Whether this process has a controlling terminal now; one that was closed is none anymore."""
    try:
        os.close(os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True

"""The program's door: the commands, and which adapter or core part does each. Imports an adapter only when asked for it."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bot import __version__
from bot.errors import BotError, UsageError

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.settings import Environment


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smtpbot", description="Explains mail errors: SMTP codes, bounces, log lines."
    )
    parser.add_argument("--version", action="version", version=f"smtpbot {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    ask = commands.add_parser("ask", help="answer one question: smtpbot ask 550 5.7.26")
    ask.add_argument("words", nargs="+", metavar="WORDS")
    ask.add_argument("--json", action="store_true", help="print the record")

    explain = commands.add_parser("explain", help="explain mails, bounces and logs in files or on standard input")
    explain.add_argument("files", nargs="*", metavar="FILE")
    explain.add_argument("--json", action="store_true", help="print one record for each file or mail")
    explain.add_argument("--csv", action="store_true", help="print the recipients with their causes")
    explain.add_argument("--draft", choices=("customer", "postmaster"), help="print a mail ready to send")
    explain.add_argument("--why", action="store_true", help="show which words decided and what was set aside")

    commands.add_parser("chat", help="a conversation in the terminal, or paragraphs from a pipe")

    batch = commands.add_parser("batch", help="JSON lines in, records out")
    batch.add_argument("file", nargs="?", metavar="FILE")

    data = commands.add_parser("data", help="the knowledge: check, build, show, search")
    data.add_argument("action", choices=("check", "build", "show", "search"))
    data.add_argument("words", nargs="*", metavar="WORDS", help="an entry id to show, words to search")
    data.add_argument("--folder", type=Path, help="another data folder")

    serve = commands.add_parser("serve", help="run the chat adapters whose settings are there, or the named ones")
    serve.add_argument("adapters", nargs="*", metavar="ADAPTER")
    serve.add_argument("--settings", action="store_true", help="list the settings, and which of them are secret")

    doctor = commands.add_parser("doctor", help="check all that `serve` needs, and say what mends it")
    doctor.add_argument("--json", action="store_true", help="print the checks as one object")

    discord = commands.add_parser("discord", help="set up Discord: register the commands, print the invite links")
    discord.add_argument("action", choices=("sync", "invite"))
    discord.add_argument(
        "--guild", type=int, metavar="ID", help="register in this server alone, where it shows at once"
    )
    discord.add_argument("--remove", action="store_true", help="remove the commands instead")

    database = commands.add_parser("database", help="the database of `serve`: upgrade, check, rotate-keys")
    database.add_argument("action", choices=("upgrade", "check", "rotate-keys"))

    completion = commands.add_parser("completion", help="print a completion script for your shell")
    completion.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    return parser


def _bot() -> "Bot":
    from bot.app import Bot
    from bot.settings import read_settings

    return Bot.from_settings(read_settings(os.environ))


@contextlib.contextmanager
def _extra(name: str) -> Iterator[None]:
    """Around an import that needs the packages of an extra: says which one, where they are missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(f"the Python package {error.name} is not installed (pip install 'smtpbot[{name}]')") from None


def _environment() -> "Environment":
    from adapters.environment import read_environment

    return read_environment(os.environ)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "data":
        from bot import upkeep

        return upkeep.run(arguments.action, arguments.words, arguments.folder, sys.stdout)
    if arguments.command == "completion":
        import shtab

        print(shtab.complete(_parser(), arguments.shell))
        return 0
    if arguments.command == "database":
        from bot.settings import read_settings

        with _extra("database"):
            from adapters.database import opening

        return opening.run(arguments.action, read_settings(_environment()), sys.stdout)
    if arguments.command == "serve":
        from bot.settings import describe_settings

        if arguments.settings:
            print(describe_settings())
            return 0
        with _extra("web"):
            from adapters import serve
        return serve.run(arguments.adapters, _environment())
    if arguments.command == "doctor":
        from adapters import doctor

        return doctor.run(_environment(), arguments.json, sys.stdout)
    if arguments.command == "discord":
        with _extra("discord"):
            from adapters.discord import tools
        return tools.run(arguments.action, arguments.guild, arguments.remove, _environment())
    if arguments.command in ("ask", "chat"):
        from adapters.terminal import app

        if arguments.command == "ask":
            return app.ask(_bot(), arguments.words, arguments.json, sys.stdout)
        return app.chat(_bot(), sys.stdin, sys.stdout)
    from adapters.terminal import files

    if arguments.command == "explain":
        return files.explain(
            _bot(), arguments.files, arguments.json, arguments.csv, arguments.draft, arguments.why, sys.stdout
        )
    bot = _bot()
    if arguments.file and arguments.file != "-":
        try:
            with open(arguments.file, encoding="utf-8", errors="replace") as lines:
                return files.batch(bot, lines, sys.stdout)
        except OSError as error:
            raise UsageError(f"{arguments.file}: {error.strerror}") from None
    return files.batch(bot, sys.stdin, sys.stdout)


def main() -> int:
    """Run one command; the exit status: 0 answered, 1 not a mail error, 2 wrong use, 3 broken settings or data."""
    for stream in (sys.stdout, sys.stdin):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    arguments = _parser().parse_args()
    try:
        return _run(arguments)
    except BotError as error:
        print(f"smtpbot: {error}", file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

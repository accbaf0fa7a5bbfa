"""The environment with the settings of `.env` beneath it; what is wrong in that file is told with all other problems."""

import stat
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from bot.settings import MAX_FILE, SETTINGS, Environment

FILE = Path(".env")
_KNOWN = frozenset(setting.name for setting in SETTINGS)


def read_environment(environ: Mapping[str, str], file: Path = FILE) -> Environment:
    """`environ`, and from the file the settings that are not in it. The file is optional and may hold other names too."""
    made = Environment(environ)
    if not file.is_file():
        return made
    try:
        with file.open(encoding="utf-8-sig") as handle:
            text = handle.read(MAX_FILE + 1)
        if file.stat().st_mode & stat.S_IRWXO:
            made.warnings.append(f"{file} can be read by others on this machine; run: chmod 600 {file}")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        made.problems.append(f"{file} cannot be read: {reason}")
        return made
    if len(text) > MAX_FILE:
        made.problems.append(f"{file} is larger than {MAX_FILE:,} characters")
        return made
    _add(made, text, file)
    return made


def _add(made: Environment, text: str, file: Path) -> None:
    try:
        from dotenv.parser import parse_stream
    except ModuleNotFoundError:
        made.problems.append(f"{file} needs the Python package python-dotenv (pip install 'smtpbot[serve]')")
        return
    set_outside = {_plain(name) for name in made}
    for binding in parse_stream(StringIO(text)):
        raw = binding.original.string
        line = binding.original.line + raw[: len(raw) - len(raw.lstrip())].count("\n")  # it begins with empty lines
        if binding.error:
            made.problems.append(f"{file}, line {line}: not in the form NAME=value")
        name = binding.key or ""
        if _plain(name) not in set_outside and (_plain(name) in _KNOWN or name.startswith("SMTPBOT_")):
            made[name] = binding.value or ""
            made.origins[_plain(name)] = f"{file}, line {line}"


def _plain(name: str) -> str:
    """The setting that a name is about: NAME_FILE is another way to give NAME."""
    return name.removesuffix("_FILE") if name.removesuffix("_FILE") in _KNOWN else name

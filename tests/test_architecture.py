"""The dependency rule, the purity of the core, and what an import may load."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BOT = ROOT / "bot"

# A module imports only from the groups before its own.
ORDER = [
    {"model", "errors"},
    {"codes", "undamage", "matching", "senses"},
    {"redaction", "readers.replies", "readers.refolding"},
    {
        "readers.recipients",
        "readers.logs_postfix",
        "readers.logs_exim",
        "readers.logs_others",
        "readers.logs_csv",
        "readers.logs_small",
        "readers.events_services",
        "readers.events_others",
    },
    {
        "readers.fields",
        "readers.part",
        "readers.mime",
        "readers.prose",
        "readers.transcript",
        "readers.logs_sessions",
        "readers.logs_queue",
        "readers.logs",
        "readers.events",
        "readers.exceptions",
        "readers.human",
        "readers.mail",
        "readers.files",
    },
    {"reading", "neighbors", "question", "situations"},
    {"knowledge", "building"},
    {"recognising"},
    {"deciding", "suggestions", "searching"},
    {"wording", "general"},
    {"ours"},
    {"answering"},
    {"lookups", "drafts"},
    {"rendering"},
    {"record", "remarks"},
    {"asked", "pasted", "recalling"},
    {"app"},
    {"checking"},
    {"upkeep"},
]
# They hang beside the path from text to answer and know only model and errors (and the one redaction).
BESIDE = {"storage", "settings", "telemetry"}
# Inside a group these may import each other, in this direction only.
ALLOWED_BESIDE = {
    ("readers.exceptions", "readers.transcript"), ("readers.events_others", "readers.events_services"), ("readers.logs_sessions", "readers.transcript"),
    ("readers.mail", "readers.fields"), ("readers.mail", "readers.human"), ("readers.human", "readers.fields"), ("readers.human", "readers.mime"), ("readers.human", "readers.prose"), ("readers.human", "readers.transcript"),  ("readers.mail", "readers.mime"), ("readers.mime", "readers.fields"), ("readers.mime", "readers.part"), ("readers.mail", "readers.prose"), ("readers.mail", "readers.transcript"),
    ("readers.files", "readers.mail"), ("reading", "question"), ("knowledge", "building"), ("searching", "suggestions"),
    ("readers.prose", "readers.transcript"),
}  # fmt: skip
PURE = ["codes", "undamage", "matching", "senses", "redaction", "reading", "neighbors", "question", "situations", "deciding", "suggestions", "general", "wording", "ours", "answering", "lookups", "drafts",
        "rendering", "recalling", "record", "app"]  # fmt: skip
FORBIDDEN = {
    "time",
    "datetime",
    "socket",
    "os",
    "logging",
    "urllib",
    "http",
    "subprocess",
    "threading",
    "asyncio",
    "random",
    "tempfile",
    "shutil",
    "io",
    "requests",
}
THIRD_PARTY_ALLOWED = {"readers.files": {"oxmsg"}, "building": {"yaml"}}


def _name(path: Path) -> str:
    return ".".join(path.relative_to(BOT).with_suffix("").parts).replace(".__init__", "")


def _modules() -> dict[str, Path]:
    return {_name(path): path for path in sorted(BOT.rglob("*.py")) if path.name not in ("__init__.py", "__main__.py")}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _type_checking_only(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            found |= {inner.module for inner in ast.walk(node) if isinstance(inner, ast.ImportFrom) and inner.module}
    return found


def test_every_module_has_a_place_in_the_order() -> None:
    """A new module of the core is put into the order on purpose."""
    assert set(_modules()) <= set().union(*ORDER) | BESIDE


@pytest.mark.parametrize("module", sorted(_modules()))
def test_a_module_imports_only_leftwards(module: str) -> None:
    """No module of the core imports one to its right."""
    place = {name: number for number, group in enumerate(ORDER) for name in group} | dict.fromkeys(BESIDE, 0)
    mine = {name.removeprefix("bot.") for name in _imports(_modules()[module]) if name.startswith("bot.")} & set(place)
    for other in mine - {module}:
        if module in BESIDE:
            assert other in {"model", "errors", "redaction"}, f"{module} imports {other}"
        else:
            assert place[other] < place[module] or (module, other) in ALLOWED_BESIDE, f"{module} imports {other}"


def test_the_core_imports_no_adapter_and_no_sdk() -> None:
    """bot imports neither adapters nor a chat SDK; only the door knows both."""
    for module, path in _modules().items():
        for name in _imports(path):
            top = name.split(".")[0]
            assert top != "adapters", module
            if top not in sys.stdlib_module_names and top != "bot":
                assert top in THIRD_PARTY_ALLOWED.get(module, set()), f"{module} imports {top}"


@pytest.mark.parametrize("module", [name for name in PURE if name in _modules()])
def test_the_path_from_text_to_answer_has_no_clock_net_environment_file_or_log(module: str) -> None:
    """What such things know is passed in."""
    path = _modules()[module]
    tops = {name.split(".")[0] for name in _imports(path)}
    assert not tops & FORBIDDEN
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & {"open", "print", "input", "exec", "eval"}


def test_answering_touches_no_clock_net_environment_file_or_log() -> None:
    """The same, seen while it runs: no audit event of the kind is raised between question and answer."""
    code = (
        "import sys\n"
        "from bot import load\n"
        "bot = load()\n"
        "warm = ['451', '550 5.1.1 <a@example.org>: User unknown', 'mailbox full', 'Return-Path: <>\\nFrom: a@example.com\\nSubject: x\\n\\nhi']\n"
        "[bot.answer(text, drafts=True) for text in warm]\n"
        "seen = []\n"
        "sys.addaudithook(lambda event, args: seen.append(event) if event.split('.')[0] in ('open', 'socket', 'os', 'subprocess', 'urllib', 'logging') else None)\n"
        "[bot.answer(text, via) for text in warm for via in ('slash', 'mention', 'channel')]\n"
        "print(seen)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_bot_loads_no_sdk_no_yaml_no_email() -> None:
    """`import bot` and `import bot.app` stay light."""
    code = "import sys, bot, bot.app; print(sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    loaded = set(ast.literal_eval(done.stdout))
    assert not loaded & {
        "yaml",
        "email",
        "slack_bolt",
        "slack_sdk",
        "discord",
        "starlette",
        "uvicorn",
        "aiohttp",
        "asyncio",
        "oxmsg",
    }


def test_a_bare_code_needs_no_readers() -> None:
    """`smtpbot ask 451` loads nothing that reads mails, files or logs; loading them would double its start."""
    code = (
        "import sys; from bot.__main__ import main; sys.argv = ['smtpbot', 'ask', '451']; main(); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert "bot.lookups" in loaded
    assert not {"bot.reading", "bot.readers.logs", "bot.readers.files", "adapters.terminal.files", "difflib"} & {
        *loaded
    }


def test_modules_stay_small() -> None:
    """A module of more than 450 lines holds more than one thing."""
    for path in [*BOT.rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]:
        assert len(path.read_text().splitlines()) <= 450, path.name

"""Changes the code a little, again and again, to see whether the tests notice: mutate.py [MODULE...] [--only FUNCTION].

mutmut makes the mutants. The tests are collected once; a mutant takes the place of its function in a forked child, which
runs the tests until one fails, those first that noticed a mutant before. Prints the survivors and a line of figures.
"""

import argparse
import ast
import difflib
import fnmatch
import gc
import importlib
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from mutmut.mutation.file_mutation import mutate_file_contents

ROOT = Path(__file__).parent.parent
TESTS = {
    "codes": ("codes",),
    "matching": ("matching", "deciding", "weights", "wordings"),
    "deciding": ("deciding", "weights", "wordings", "senses"),
    "redaction": ("redaction",),
}
# What measures time would fail by chance.
ARGUMENTS = ["-q", "-k", "not time_ and not linear", "-p", "no:cacheprovider"]
UNUSED = ("schemathesis", "hypothesispytest", "anyio")  # plugins that only cost time here
SECONDS = 10  # of CPU time for one mutant, then it counts as noticed: it never ends
_MARK = "__mutmut_"


class Mutant:
    """One change of one function."""

    def __init__(self, number: str, function: FunctionType, made: ast.FunctionDef, original: ast.FunctionDef) -> None:
        self._name, self._function = f"{function.__qualname__} {number}", function
        self._made, self._original = made, original
        scope = dict(function.__globals__)
        exec(compile(ast.Module([made], []), function.__code__.co_filename, "exec"), scope)
        self._changed = scope[made.name]

    def apply(self) -> None:
        """Let the function do what the mutant does, wherever it is known."""
        self._function.__code__, self._function.__defaults__ = self._changed.__code__, self._changed.__defaults__

    def __str__(self) -> str:
        name = self._function.__name__
        before, after = (
            ast.unparse(node).replace(node.name, name).split("\n") for node in (self._original, self._made)
        )
        lines = difflib.unified_diff(before, after, n=0, lineterm="")
        changes = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
        return "\n".join([self._name, *changes])


def mutants_of(module: str, only: str) -> Iterator[Mutant]:
    """The mutants of a module of bot/, of the functions whose names fit."""
    path = ROOT / "bot" / f"{module}.py"
    real = importlib.import_module(f"bot.{module}")
    made = ast.parse(mutate_file_contents(str(path), path.read_text("utf-8")).code)
    nodes = {node.name: node for node in ast.walk(made) if isinstance(node, ast.FunctionDef)}
    for mutated, node in nodes.items():
        mangled, _, number = mutated.partition(_MARK)
        if number.isdigit():
            _, kind, name = mangled.split("ǁ") if "ǁ" in mangled else ("", "", mangled.removeprefix("x_"))
            if fnmatch.fnmatch(name, only):
                function = getattr(getattr(real, kind) if kind else real, name)
                yield Mutant(number, function, node, nodes[f"{mangled}{_MARK}orig"])


class Trial:
    """A pytest plugin: runs the tests as they are, then for each mutant. Attributes: tried, survived, endless (how many)."""

    def __init__(self, module: str, only: str) -> None:
        self.module, self.only = module, only
        self.tried = self.survived = self.endless = 0
        self._items: list[Any] = []
        self._running: dict[int, tuple[Mutant, int]] = {}  # by process number; where its child writes

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Takes the place of pytest's own loop."""
        self._items = list(session.items)
        failed = _first_failure(self._items)
        if failed is not None:
            raise pytest.UsageError(f"{failed.nodeid} fails without any change")
        gc.collect()
        gc.freeze()
        gc.disable()
        print()
        for mutant in mutants_of(self.module, self.only):
            if len(self._running) == os.cpu_count():
                self._end_one()
            self._start(mutant)
        while self._running:
            self._end_one()
        return True

    def _start(self, mutant: Mutant) -> None:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
                mutant.apply()
                failed = _first_failure(self._items)
                os.write(write, failed.nodeid.encode() if failed else b"")
                os._exit(0)
            finally:
                os._exit(1)
        os.close(write)
        self._running[pid] = mutant, read

    def _end_one(self) -> None:
        pid, status = os.wait()
        mutant, told = self._running.pop(pid)
        with open(told, encoding="utf-8") as pipe:
            noticed = pipe.read()
        self.tried += 1
        self._items.sort(key=lambda item: item.nodeid != noticed)  # the test that noticed comes first
        if status:
            self.endless += 1
        elif not noticed:
            self.survived += 1
            print(f"{self.module}.{mutant}", flush=True)
        if sys.stderr.isatty():
            print(f"{self.tried} tried\r", end="", file=sys.stderr)


def _first_failure(items: list[Any]) -> Any:
    """The first test that fails, or None. Without pytest's reports, which take longer than the tests; the bot is kept."""
    for item, following in zip(items, [*items[1:], items[0]], strict=True):
        item._initrequest()
        try:
            item.session._setupstate.setup(item)
            item.runtest()
        except BaseException:
            return item
        item.session._setupstate.teardown_exact(following)
    return None


def main() -> int:
    """Each module with its tests. Ends with 1 where a test fails without any change."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("modules", nargs="*", default=[*TESTS], metavar="MODULE", help=", ".join(TESTS))
    parser.add_argument("--only", default="*", help="functions whose names fit, with * for any letters")
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for module in options.modules:
        begun, trial = time.monotonic(), Trial(module, options.only)
        plugins = [argument for name in UNUSED for argument in ("-p", f"no:{name}")]
        tests = [f"tests/test_{name}.py" for name in TESTS[module]]
        if pytest.main([*ARGUMENTS, *plugins, *tests], plugins=[trial]) not in (0, 5):
            return 1
        killed, took = trial.tried - trial.survived, time.monotonic() - begun
        share = f"{100 * killed / trial.tried:.1f} %" if trial.tried else "none"
        print(
            f"{module}: {trial.tried} mutants, {killed} killed ({trial.endless} never ended), "
            f"{trial.survived} survived, {share} killed in {took:.0f} s"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

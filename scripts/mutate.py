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
from types import CodeType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from mutmut.mutation.file_mutation import mutate_file_contents

ROOT = Path(__file__).parent.parent
TESTS = {
    "codes": ("codes",),
    "matching": ("matching", "deciding", "wordings"),
    "deciding": ("deciding", "weights", "wordings", "senses"),
    "redaction": ("redaction",),
}
# What measures time would fail by chance.
ARGUMENTS = ("-q", "-x", "-k", "not time_ and not linear", "-p", "no:cacheprovider", "-p", "no:xdist")
SECONDS = 10  # of CPU time for one mutant, then it counts as noticed: it never ends
_MARK = "__mutmut_"


class Mutant:
    """One change. Attributes: name, function (the one it replaces), code, change (the lines before and after)."""

    def __init__(self, name: str, function: FunctionType, made: ast.FunctionDef, original: ast.FunctionDef) -> None:
        self.name, self.function = name, function
        made.name = original.name = function.__name__
        whole = compile(ast.Module([made], []), function.__code__.co_filename, "exec")
        self.code = next(constant for constant in whole.co_consts if isinstance(constant, CodeType))
        lines = difflib.unified_diff(ast.unparse(original).split("\n"), ast.unparse(made).split("\n"), n=0, lineterm="")
        self.change = [line for line in lines if line[:2] not in ("--", "++", "@@")]


def mutants_of(module: str, only: str) -> Iterator[Mutant]:
    """The mutants of a module of bot/, of the functions whose names fit."""
    path = ROOT / "bot" / f"{module}.py"
    real = importlib.import_module(f"bot.{module}")
    made = ast.parse(mutate_file_contents(str(path), path.read_text("utf-8")).code)
    functions = {node.name: node for node in ast.walk(made) if isinstance(node, ast.FunctionDef) and _MARK in node.name}
    for name, node in functions.items():
        mangled, _, number = name.partition(_MARK)
        if number == "orig" or not number.isdigit():
            continue
        owner, function = real, mangled.removeprefix("x_")
        if mangled.startswith("xǁ"):
            _, kind, function = mangled.split("ǁ")
            owner = getattr(real, kind)
        if fnmatch.fnmatch(function, only):
            original = ast.parse(ast.unparse(functions[f"{mangled}{_MARK}orig"])).body[0]
            assert isinstance(original, ast.FunctionDef)
            yield Mutant(f"{function} {number}", getattr(owner, function), node, original)


class Trial:
    """A pytest plugin: runs the tests as they are, then once for each mutant. Attributes: survived, tried, status."""

    def __init__(self, module: str, only: str) -> None:
        self.module, self.only = module, only
        self.survived: list[Mutant] = []
        self.tried = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Takes the place of pytest's own loop."""
        items = list(session.items)
        failed = _first_failure(items)
        if failed is not None:
            raise pytest.UsageError(f"{items[failed].nodeid} fails without any change")
        gc.freeze()
        running: dict[int, tuple[Mutant, int]] = {}
        for mutant in mutants_of(self.module, self.only):
            while len(running) >= (os.cpu_count() or 1):
                self._end_one(running, items)
            running.update([_start(mutant, items)])
        while running:
            self._end_one(running, items)
        return True

    def _end_one(self, running: dict[int, tuple[Mutant, int]], items: list[Any]) -> None:
        pid, status = os.wait()
        mutant, told = running.pop(pid)
        with os.fdopen(told) as pipe:
            noticed = pipe.read()
        self.tried += 1
        if noticed:  # the names, since the order may have changed meanwhile
            first = next(item for item in items if item.nodeid == noticed)
            items.remove(first)
            items.insert(0, first)
        elif os.waitstatus_to_exitcode(status) == 0:
            self.survived.append(mutant)


def _start(mutant: Mutant, items: list[Any]) -> tuple[int, tuple[Mutant, int]]:
    """A child that tries the mutant: its process number, and where it writes the name of the test that failed."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, (mutant, read)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    mutant.function.__code__ = mutant.code
    failed = _first_failure(items)
    if failed is not None:
        os.write(write, items[failed].nodeid.encode())
    os._exit(0)


def _first_failure(items: list[Any]) -> int | None:
    for place, item in enumerate(items):
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=None)):
            return place
    return None


def main() -> int:
    """Each module in a process of its own, since one changes what another is tested with."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("modules", nargs="*", default=[*TESTS], metavar="MODULE")
    parser.add_argument("--only", default="*", help="functions whose names fit, with * for any letters")
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for module in options.modules:
        begun = time.monotonic()
        trial = Trial(module, options.only)
        tests = [f"tests/test_{name}.py" for name in TESTS[module]]
        if pytest.main([*ARGUMENTS, *tests], plugins=[trial]) != 0:
            return 1
        for mutant in trial.survived:
            print(f"{module}.{mutant.name}", *mutant.change, sep="\n")
        killed = trial.tried - len(trial.survived)
        share = killed / trial.tried if trial.tried else 1
        print(
            f"{module}: {trial.tried} mutants, {killed} killed, {len(trial.survived)} survived, {share:.1%}, in {time.monotonic() - begun:.0f} s"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""SIGHUP: the operator's knowledge is read anew while questions go on, and none of them is lost."""

import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.discord.suggest import Suggestions
from adapters.reload import LiveBot
from bot.app import Bot
from bot.errors import DataError
from bot.knowledge import kept
from bot.settings import Settings
from tests.timing import WITHIN

ROOT = Path(__file__).parents[2]
ASKED = "550 smarthost says nine"
RULE = """\
id: smarthost
family: smarthost
name: Smarthost
kind: mta
entries:
  - {{id: smarthost/nine, text: [smarthost says nine], anywhere: true, cause: {cause}}}
"""


def write(folder: Path, text: str) -> None:
    """The operator's own file, replaced as an editor does."""
    (folder / "providers").mkdir(exist_ok=True)
    partial = folder / "partial"
    partial.write_text(text, "utf-8")
    partial.replace(folder / "providers" / "smarthost.yaml")


class Program:
    """`smtpbot serve` as a process of its own, its log, and questions to it."""

    def __init__(self, folder: Path, **more: Any) -> None:
        kept_names = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        environ = {
            "PYTHONPATH": str(ROOT), "SMTPBOT_DATA_DIR": str(folder), "SMTPBOT_LISTEN": "127.0.0.1:0",
            "SMTPBOT_STATE_DIR": str(folder / "state"), "SMTPBOT_TRUSTED_PROXIES": "127.0.0.1",
        }  # fmt: skip
        self.log: list[str] = []
        self._written = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve"], cwd=folder, env=kept_names | environ, stderr=subprocess.PIPE,
            text=True, start_new_session=True, **{"stdin": subprocess.DEVNULL, **more},
        )  # fmt: skip
        self._reading = threading.Thread(target=self._read)
        self._reading.start()
        self.url = self.wait("web: open (http://.*)")[1]

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            with self._written:
                self.log.append(line.rstrip())
                self._written.notify_all()

    def wait(self, pattern: str, since: int = 0) -> re.Match[str]:
        """The first line of the log, from the `since`-th on, that holds the pattern."""

        def find() -> re.Match[str] | None:
            return next(filter(None, (re.search(pattern, line) for line in self.log[since:])), None)

        with self._written:
            found = self._written.wait_for(find, WITHIN)
        assert found, self.log
        return found

    def reload(self, pattern: str) -> re.Match[str]:
        """SIGHUP, and what the log says of it."""
        since = len(self.log)
        self.process.send_signal(signal.SIGHUP)
        return self.wait(pattern, since)

    def ask(self, text: str, client: int = 1) -> dict[str, Any]:
        """The record of one answer; each client has a rate of its own."""
        request = urllib.request.Request(
            f"{self.url}/api/explain", json.dumps({"text": text}).encode(),
            {"content-type": "application/json", "x-forwarded-for": f"198.51.{client // 250}.{client % 250}"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=WITHIN) as response:
            return dict(json.load(response))

    def cause(self) -> str:
        """What the bot says of the operator's own wording."""
        return str(self.ask(ASKED)["answers"][0]["cause"])

    def metrics(self) -> dict[str, float]:
        """The numbers of /metrics about reloads."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=WITHIN) as response:
            text = response.read().decode()
        return {name: float(value) for name, value in re.findall(r"^(smtpbot_(?:reloads|knowledge)\S*) (\S+)$", text, re.M)}  # fmt: skip

    def end(self) -> int:
        """The status after SIGTERM."""
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(WITHIN)
        self._reading.join(WITHIN)
        assert self.process.stderr
        self.process.stderr.close()
        return status


@contextmanager
def running(folder: Path, **more: Any) -> Iterator[Program]:
    """The program, ended with status 0."""
    program = Program(folder, **more)
    try:
        yield program
    finally:
        status = program.end()
    assert status == 0, program.log


@contextmanager
def questions(program: Program, others: Callable[[int], str]) -> Iterator[list[dict[str, Any]]]:
    """Two people who ask without pause; what they were answered. A question that is lost fails the test."""
    answered: list[dict[str, Any]] = []
    failed: list[Exception] = []
    ending = threading.Event()

    def ask(person: int) -> None:
        number = person
        try:
            while not ending.is_set():
                answered.append(program.ask(ASKED if number % 4 < 2 else others(number), number))
                number += 2
        except Exception as error:
            failed.append(error)

    people = [threading.Thread(target=ask, args=(person,)) for person in (0, 1)]
    for person in people:
        person.start()
    try:
        yield answered
    finally:
        ending.set()
        for person in people:
            person.join(WITHIN)
    assert not failed, failed


def test_reload_under_continuous_questions(tmp_path: Path) -> None:
    """Old knowledge or new, never none; a broken file is told by its place and changes nothing; metrics say both."""
    write(tmp_path, RULE.format(cause="mailbox-full"))
    with (
        running(tmp_path) as program,
        questions(program, lambda n: f"550 5.1.1 <user{n}@example.org>: User unknown") as answered,
    ):
        assert program.cause() == "mailbox-full"
        before = program.metrics()
        write(tmp_path, RULE.format(cause="spam-content"))
        program.reload("the knowledge was read anew in")
        assert program.cause() == "spam-content"

        write(tmp_path, RULE.format(cause="spam-content") + "  broken: [\n")
        told = program.reload(r"ERROR .*not read anew, the one before goes on answering: (.*)")[1]
        assert re.search(r"providers/smarthost\.yaml:[78]:\d+: ", told)
        assert program.cause() == "spam-content"

        write(tmp_path, RULE.format(cause="mailbox-full"))
        since = len(program.log)
        for _ in range(20):  # more than one is not more work than two
            program.process.send_signal(signal.SIGHUP)
        program.wait("the knowledge was read anew in", since)
        assert program.cause() == "mailbox-full"
        after = program.metrics()
    assert before['smtpbot_reloads_total{outcome="done"}'] == before['smtpbot_reloads_total{outcome="refused"}'] == 0
    assert 2 <= after['smtpbot_reloads_total{outcome="done"}'] <= 3
    assert after['smtpbot_reloads_total{outcome="refused"}'] == 1
    read = "smtpbot_knowledge_read_timestamp_seconds"
    assert before[read] < after[read] <= time.time()
    assert len(answered) > 20 and all(record["answered"] for record in answered)
    causes = {record["answers"][0]["cause"] for record in answered}
    assert causes == {"mailbox-full", "spam-content", "mailbox-not-found"}


def test_a_closed_terminal_ends_the_program(tmp_path: Path) -> None:
    """It also sends SIGHUP, and nobody would find what runs on."""
    write(tmp_path, RULE.format(cause="mailbox-full"))
    keyboard, terminal = pty.openpty()
    with running(
        tmp_path, stdin=terminal, preexec_fn=lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0), pass_fds=[terminal]
    ) as program:
        os.close(terminal)
        program.reload("the knowledge was read anew in")  # `kill -HUP` is a reload there too
        os.close(keyboard)
        assert program.process.wait(WITHIN) == 0


def test_readers_of_the_knowledge_follow(tmp_path: Path) -> None:
    """What is offered for completion belongs to the knowledge that answers; broken files leave it as it was."""
    own = tmp_path / "codes"
    own.mkdir()
    settings = Settings(data_dir=tmp_path)
    live = LiveBot(Bot.from_settings(settings))
    assert Suggestions(live.knowledge).suggest("599") == []
    row = "- {code: 599, permanence: permanent, who: [wait]}\n"
    (own / "reply.yaml").write_text(row, "utf-8")
    live.renew(settings)
    assert [code for _, code in Suggestions(live.knowledge).suggest("599")] == ["599"]
    held = live.knowledge
    (own / "reply.yaml").write_text(row * 2, "utf-8")
    with pytest.raises(DataError, match=r"codes/reply\.yaml:2:3: entry 599: the code is given twice"):
        live.renew(settings)
    assert live.knowledge is held


def test_what_is_made_for_a_knowledge_goes_with_it(bot: Bot) -> None:
    """Once for each, and held by nobody else."""
    made: list[object] = []

    @kept
    def count(knowledge: object) -> int:
        made.append(knowledge)
        return len(made)

    other = Bot.load().knowledge
    assert (count(bot.knowledge), count(bot.knowledge), count(other), count(bot.knowledge)) == (1, 1, 2, 1)

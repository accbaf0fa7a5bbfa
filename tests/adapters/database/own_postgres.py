"""A PostgreSQL of a test's own, which can be stopped, frozen and started again; reached by a Unix socket."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.timing import WITHIN

USER = "postgres"


class OwnPostgres:
    """One cluster in a folder; `url` is its database."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self.url = f"postgresql://{USER}@/postgres?host={folder}"
        self._run("initdb", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--no-sync", "--no-instructions")

    def start(self) -> None:
        """Accept connections."""
        options = f"-k {self._folder} -c listen_addresses= -c fsync=off -c max_connections=30 -c shared_buffers=8MB"
        self._run("pg_ctl", "start", "-w", "-s", "-o", options, "-l", f"{self._folder}/log")

    def stop(self) -> None:
        """Cut every connection, and accept none."""
        self._run("pg_ctl", "stop", "-w", "-s", "-m", "immediate")

    def freeze(self) -> None:
        """Go silent: connections stay, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        self._signal(signal.SIGCONT)

    def is_running(self) -> bool:
        """Whether it was started and not stopped since."""
        return (self._folder / "data" / "postmaster.pid").exists()

    def _signal(self, number: signal.Signals) -> None:
        parent = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for process in (parent, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):  # a connection's process that has just ended
                os.kill(process, number)

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), "-D", f"{self._folder}/data", *words]
        run = {"user": USER, "group": USER, "extra_groups": ()} if os.geteuid() == 0 else {}
        with open(self._folder / "commands.log", "ab") as log:
            environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGUSER": USER}
            subprocess.run(
                command, check=True, timeout=WITHIN, cwd="/", env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **run,  # type: ignore[call-overload]
            )  # fmt: skip


def _find_programs() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return next((path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)


@contextlib.contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """The cluster, running; skips, or fails where SMTPBOT_REQUIRE names postgres."""
    programs = _find_programs()
    if programs is None:
        required = "postgres" in os.environ.get("SMTPBOT_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)("initdb is not installed (Debian: postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="smtpbot-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
        folder.chmod(0o755)  # the socket in it is for everybody; the data stays PostgreSQL's own
        cluster = OwnPostgres(programs, folder)
        cluster.start()
        try:
            yield cluster
        finally:
            if cluster.is_running():
                cluster.thaw()
                cluster.stop()
    finally:
        shutil.rmtree(folder)

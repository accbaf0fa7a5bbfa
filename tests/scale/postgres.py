"""A PostgreSQL server of our own, which may be stopped and started as nobody else's may."""

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.scale.tools import free_port


def find_programs() -> Path | None:
    """The folder with initdb and pg_ctl, the newest; None where there is none."""
    debian = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]), reverse=True)
    found = shutil.which("initdb", path=os.pathsep.join([*debian, os.environ.get("PATH", "")]))
    return Path(found).parent if found else None


class Postgres:
    """One server on loopback with one empty database; `stop` and `start` as often as one likes.

    It writes to the disk at its leisure, unless it is to be `durable` as an operator's server is: the disk of a busy
    machine would else make it as slow as one that is gone.
    """

    def __init__(self, durable: bool = False) -> None:
        programs = find_programs()
        if programs is None:
            required = "postgres" in os.environ.get("SMTPBOT_REQUIRE", "").split(",")
            (pytest.fail if required else pytest.skip)("initdb is not installed (Debian: postgresql)")
        assert programs
        self._programs, self._port = programs, free_port()
        self._fsync = "on" if durable else "off"
        self._folder = Path(tempfile.mkdtemp(prefix="smtpbot-postgres-"))
        self._user: dict[str, Any] = {}
        if os.getuid() == 0:  # the server refuses to run as root
            owner = pwd.getpwnam("postgres")
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
            self._user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self._run("initdb", "--auth=trust", "--username=smtpbot", "--encoding=UTF8", "--locale=C", "--no-sync")
        self.start()
        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE smtpbot")

    @property
    def url(self) -> str:
        """What SMTPBOT_DATABASE_URL is set to."""
        return f"{self._server}/smtpbot"

    @property
    def _server(self) -> str:
        return f"postgresql://smtpbot@127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start, and return when it takes connections."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync={self._fsync}"
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self._folder}/log", f"--options={options}")

    def stop(self) -> None:
        """Stop as a restart of the machine does: who is connected is thrown out."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode=fast")

    def remove(self) -> None:
        """Stop if it runs, and leave nothing."""
        self._run("pg_ctl", "stop", "--silent", "--mode=immediate", check=False)
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        done = subprocess.run(
            [self._programs / program, "--pgdata", self._folder / "data", *arguments], cwd=self._folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60, **self._user,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr

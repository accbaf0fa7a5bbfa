"""Replicas of `smtpbot serve`, and the proxies of deploy/proxies/ before them."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp

from tests.deploy.test_proxies import WRAPPED, write_certificate
from tests.deploy.tools import DEPLOY, need
from tests.scale.tools import FULL, LEASE, ROOT, free_port, is_ready, until


class Replica:
    """One process at one port, started as often as it is killed."""

    def __init__(self, folder: Path, session: aiohttp.ClientSession, adapter: str, **settings: str) -> None:
        self.port = free_port()
        self._folder, self._log = folder, folder / f"{self.port}.log"
        self._session, self._adapter = session, adapter
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        listen = {"SMTPBOT_LISTEN": f"127.0.0.1:{self.port}", "SMTPBOT_STATE_DIR": str(folder), "PYTHONPATH": str(ROOT)}
        lease = {} if FULL else {"TEST_LEASE": str(LEASE)}
        self._environment = kept | listen | lease | settings
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start, and return when it says that it is ready, its store included."""
        program = Path(__file__).with_name("launcher.py")
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, program, "serve", self._adapter, cwd=self._folder, env=self._environment,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        await self.wait_until_ready()

    async def wait_until_ready(self) -> None:
        """Return when /readyz says 200."""

        async def ready() -> bool:
            assert self._process and self._process.returncode is None, self.read_log()
            return await is_ready(self._session, self.port)

        await until(ready)

    async def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and give the status."""
        assert self._process
        if self._process.returncode is None:
            self._process.send_signal(by)
        return await self._process.wait()

    def read_log(self) -> str:
        """What it wrote since the test began."""
        return self._log.read_text("utf-8", "replace")


class Proxy:
    """A proxy as its example has it, but for names, ports and certificate."""

    def __init__(self, folder: Path, program: str, example: str, replicas: list[int]) -> None:
        self._program, self._folder, self.port = need(program), folder, free_port()
        self._example = (DEPLOY / "proxies" / example).read_text("utf-8")
        for old, new in zip((8451, 8452), replicas, strict=True):
            self._example = self._example.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
        self._arguments: tuple[str | Path, ...] = ()

    @property
    def address(self) -> str:
        """What comes before a path."""
        return f"https://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start; it takes connections at once."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._folder)}
        with (self._folder / "proxy.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                self._program, *self._arguments, cwd=self._folder, env=environment,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

        async def listening() -> bool:
            assert self._process.returncode is None, (self._folder / "proxy.log").read_text("utf-8")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                return False
            writer.close()
            await writer.wait_closed()
            return True

        await until(listening)

    async def stop(self) -> None:
        """End it with all its workers."""
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()


class Nginx(Proxy):
    """nginx with a certificate signed by itself."""

    def __init__(self, folder: Path, replicas: list[int]) -> None:
        super().__init__(folder, "nginx", "nginx.conf", replicas)
        write_certificate(folder)
        told = self._example.replace("/etc/ssl/smtpbot", str(folder))
        told = told.replace("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl")
        told = re.sub(r" *listen \[::\]:443 ssl;\n", "", told)
        (folder / "smtpbot.conf").write_text(told, "utf-8")
        user = "user root;\n" if os.getuid() == 0 else ""  # the folder is ours alone
        (folder / "nginx.conf").write_text(user + WRAPPED.format(folder=folder), "utf-8")
        self._arguments = ("-c", folder / "nginx.conf", "-p", folder, "-g", "daemon off;")


class Caddy(Proxy):
    """Caddy without HTTPS, for which it would ask an authority."""

    def __init__(self, folder: Path, replicas: list[int]) -> None:
        super().__init__(folder, "caddy", "Caddyfile", replicas)
        told = self._example.replace("smtpbot.example.com {", f"{self.address} {{")
        (folder / "Caddyfile").write_text("{\n\tadmin off\n}\n" + told, "utf-8")
        self._arguments = ("run", "--adapter", "caddyfile", "--config", folder / "Caddyfile")

    @property
    def address(self) -> str:
        """What comes before a path."""
        return f"http://127.0.0.1:{self.port}"

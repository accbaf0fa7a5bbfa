"""The web page through the proxies of deploy/proxies/: what is open, and how large a file may be."""

import asyncio
import contextlib
import io
from pathlib import Path

import aiohttp
import pytest

from tests.scale.replicas import Caddy, Nginx, Replica

MAIL = b"From: MAILER-DAEMON@example.org\r\nSubject: Undelivered\r\n\r\n550 5.1.1 <kim@example.org>: User unknown\r\n"


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Nginx, Caddy])
def test_page_and_large_files_pass_and_what_watches_stays_inside(kind: type[Nginx | Caddy], tmp_path: Path) -> None:
    """With each of two replicas answering; one that ends leaves its requests to the other."""
    asyncio.run(_check(kind, tmp_path))


async def _check(kind: type[Nginx | Caddy], folder: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        replicas = [Replica(folder, session, "web", SMTPBOT_TRUSTED_PROXIES="127.0.0.1") for _ in range(2)]
        for replica in replicas:
            stack.push_async_callback(replica.end)
            await replica.start()
        proxy = kind(folder, [replica.port for replica in replicas])
        await proxy.start()
        stack.push_async_callback(proxy.stop)

        async def ask(path: str, body: bytes | None = None) -> tuple[int, str]:
            headers = {"content-type": "message/rfc822"} if body else {}
            address = f"{proxy.address}{path}"
            method = "POST" if body else "GET"
            async with session.request(
                method, address, data=io.BytesIO(body) if body else None, headers=headers, ssl=False
            ) as told:
                return told.status, await told.text()

        for _ in range(2):
            assert (await ask("/?q=451"))[0] == 200
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await ask(path))[0] == 404
        status, told = await ask("/api/explain", MAIL + b"x" * 9_900_000)
        assert status == 200 and "mailbox-not-found" in told
        status, told = await ask("/api/explain", MAIL + b"x" * 10_900_000)
        assert status == 413 and "10 MB" in told  # said by the bot, not by the proxy
        assert await replicas[0].end() == 0
        assert [(await ask("/api/codes/451"))[0] for _ in range(6)] == [200] * 6

"""Fetches the files that people attach, never more of one than is read."""

from typing import Self

import aiohttp

from adapters.attachments import GONE, read_capped
from adapters.discord.inbound import Upload

READ_WITHIN = 20  # seconds for one file
CHUNK = 65_536


class Files:
    """One HTTP session for all files."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=READ_WITHIN)
        self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def fetch(self, upload: Upload) -> bytes | str:
        """The bytes of a file, one more than MAX_FILE at most; or a sentence that says why they cannot be had."""
        if self._session is None:
            return GONE
        try:
            async with self._session.get(upload.url) as response:
                if response.status != 200:
                    return GONE
                return await read_capped(response.content.iter_chunked(CHUNK))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return GONE

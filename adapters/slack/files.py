"""Fetches the files that people upload, with the bot's token, from Slack alone, and never more of one than is read."""

from urllib.parse import urlsplit

import aiohttp

from adapters.attachments import MAX_FILE
from adapters.slack.inbound import Upload

FILES = ("https", "files.slack.com")
READ_WITHIN = 20  # seconds for one file
CHUNK = 65_536


class Files:
    """Fetches over one HTTP session. `api` is the address of Slack's methods, whose host may serve files too."""

    def __init__(self, session: aiohttp.ClientSession, api: str) -> None:
        self._session = session
        self._origins = {FILES, _origin(api)}

    async def fetch(self, upload: Upload, token: str) -> bytes | None:
        """The bytes of a file, one more than MAX_FILE at most; None where it cannot be had.

        The token goes to Slack's own hosts only, and follows no redirect. Without the scope files:read Slack answers
        with a page to log in, which is no file.
        """
        if _origin(upload.url) not in self._origins:
            return None
        raw = bytearray()
        try:
            async with self._session.get(
                upload.url, headers={"Authorization": f"Bearer {token}"}, allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=READ_WITHIN),
            ) as response:  # fmt: skip
                if response.status != 200:
                    return None
                async for chunk in response.content.iter_chunked(CHUNK):
                    raw += chunk
                    if len(raw) > MAX_FILE:
                        return bytes(raw[: MAX_FILE + 1])
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return None
        return None if _is_page(raw) else bytes(raw)


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.netloc  # with user info or another port it is another host
    except ValueError:
        return "", ""


def _is_page(raw: bytearray) -> bool:
    head = bytes(raw[:200]).lstrip().lower()
    return head.startswith((b"<!doctype html", b"<html"))

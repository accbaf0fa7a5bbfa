"""Fetches the files that people upload, with the bot's token, from Slack alone, and never more of one than is read."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp

from adapters.attachments import GONE, read_capped
from adapters.slack.emails import Email, write_email
from adapters.slack.inbound import State, Upload

FILES = ("https", "files.slack.com")
READ_WITHIN = 20  # seconds for one file
CHUNK = 65_536
AT_ONCE = 4  # files that are fetched at the same time, since each may take MAX_FILE bytes of memory
MAX_PARTS = 3  # attachments of an e-mail that are fetched
REFUSED, MAX_REFUSED = b'{"ok":false,"error":', 1_000  # how Slack's methods refuse, and how long that is at most
NOT_ALLOWED = ("missing_scope", "not_allowed_token_type", "no_permission")

DENIED = (
    "I may not read {name}: whoever installed me has to allow it (the optional permission `files:read`). "
    "Until then, paste the text of the bounce."
)
REFUSALS: Mapping[State, str] = {
    "external": "{name} lies with another service, where I cannot read it. Upload it here, or paste its text.",
    "deleted": "{name} was deleted. Please send it again.",
    "hidden": "Slack hides {name}, since the workspace's plan keeps no older files. Please send it again.",
    "denied": DENIED,
}


class Files:
    """Fetches over one HTTP session. `api` is the address of Slack's methods, whose host may serve files too."""

    def __init__(self, session: aiohttp.ClientSession, api: str) -> None:
        self._session = session
        self._origins = {FILES, _origin(api)}
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, upload: Upload, token: str) -> bytes | str:
        """The bytes of a file, one more than MAX_FILE at most; a sentence with {name} where they cannot be had.

        The token goes to Slack's own hosts only, and follows no redirect. Without the scope files:read Slack answers
        with a page to log in, or as its methods refuse; neither is a file.
        """
        async with self._gate:
            if upload.email is None:
                return await self._get(upload.url, token)
            return await self._fetch_email(upload.email, upload.url, token)

    async def _fetch_email(self, email: Email, url: str, token: str) -> bytes | str:
        page = b"" if email.text else await self._get(url, token, page=True)
        if isinstance(page, str):
            return page
        parts = [(kind, await self._get(address, token)) for kind, address in email.parts[:MAX_PARTS]]
        return write_email(email, page, [(kind, raw) for kind, raw in parts if isinstance(raw, bytes)])

    async def _get(self, url: str, token: str, page: bool = False) -> bytes | str:
        if _origin(url) not in self._origins:
            return GONE
        try:
            async with self._session.get(
                url, headers={"Authorization": f"Bearer {token}"}, allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=READ_WITHIN),
            ) as response:  # fmt: skip
                if 300 <= response.status < 400 or response.status in (401, 403):
                    return DENIED
                if response.status != 200:
                    return GONE
                raw = await read_capped(response.content.iter_chunked(CHUNK))
                is_page = response.content_type == "text/html" or _is_page(raw)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return GONE
        if (is_page and not page) or (raw.startswith(REFUSED) and len(raw) < MAX_REFUSED):
            return DENIED
        return raw


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.netloc  # with user info or another port it is another host
    except ValueError:
        return "", ""


def _is_page(raw: bytes) -> bool:
    return raw[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))

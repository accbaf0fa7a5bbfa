"""Socket Mode: Slack's requests over a WebSocket that the bot opens."""

import asyncio
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient


class SlackSocket(AsyncSocketModeHandler):
    """A connection that can be closed without losing what was begun on it."""

    def __init__(self, app: AsyncApp, web_client: AsyncWebClient) -> None:
        super().__init__(app, web_client.token, app.logger, web_client)
        self._closing = False
        self._handling: set[asyncio.Task[Any]] = set()

    @property
    def is_connected(self) -> bool:
        """Whether Slack can reach us now."""
        session = self.client.current_session
        return not self._closing and session is not None and not session.closed

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Answer one envelope; while closing none is taken, and Slack delivers it to another connection."""
        if self._closing:
            return
        task = asyncio.current_task()
        if task:
            self._handling.add(task)
            task.add_done_callback(self._handling.discard)
        await super().handle(client, req)

    async def finish(self, seconds: float) -> None:
        """Take nothing more, wait for what was begun, and close."""
        self._closing = True
        others = self._handling - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=seconds)
        await self.close_async()  # type: ignore[no-untyped-call]

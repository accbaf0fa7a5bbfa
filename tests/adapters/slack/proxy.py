"""A proxy in front of the Slack server that fails as it is told to: proxy.py PORT UPSTREAM_PORT. Standard library only.

POST /plan with [[path, status, headers, body], …]: the next requests for each path are answered so, in order, and all
others passed on. GET /plan tells which are left, GET /taken the bodies of those that were answered.
"""

import http.client
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT, UPSTREAM = map(int, sys.argv[1:])
plan: list[list[Any]] = []
taken: list[str] = []


class Proxy(BaseHTTPRequestHandler):
    """One request, refused or passed on."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Also what is left of the plan, and what was taken."""
        if self.path in ("/plan", "/taken"):
            self._answer(200, {}, json.dumps(plan if self.path == "/plan" else taken).encode())
        else:
            self._pass_on()

    def do_POST(self) -> None:
        """A call, or a new plan."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/plan":
            plan[:] = json.loads(body)
            taken.clear()
            self._answer(200, {}, b"[]")
            return
        for step in plan:
            if step[0] in self.path:
                plan.remove(step)
                taken.append(body.decode())
                self._answer(step[1], step[2], step[3].encode())
                return
        self._pass_on(body)

    def _pass_on(self, body: bytes = b"") -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", UPSTREAM, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
        upstream.request(self.command, self.path, body or None, headers)
        answer = upstream.getresponse()
        kind = answer.getheader("content-type") or "text/plain"
        self._answer(answer.status, {"content-type": kind}, answer.read())
        upstream.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in ({"content-type": "application/json"} | headers).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


ThreadingHTTPServer(("127.0.0.1", PORT), Proxy).serve_forever()

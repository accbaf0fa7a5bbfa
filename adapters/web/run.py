"""Runs the web page and the JSON API on the program's HTTP listener; they need no settings."""

from adapters.service import Service
from adapters.web.app import make_app

PREFIX = "/"


async def run(service: Service) -> None:
    """Serve the page until the service stops and its running answers are finished."""
    service.mounts[PREFIX] = make_app(service)
    service.health["web"] = lambda: {"page": True}
    service.say(f"web: open {service.address}")
    await service.drained.wait()

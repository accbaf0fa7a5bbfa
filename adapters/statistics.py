"""What is counted of an answer: day, platform, tenant, kind, cause and provider; never who asked, nor a word of it."""

import logging
from datetime import UTC, datetime

from bot.errors import StoreError
from bot.model import Reply
from bot.storage import Counted, Place, Store

_log = logging.getLogger("smtpbot")


async def count_reply(store: Store, place: Place, reply: Reply) -> None:
    """Count one answered reply, once for each cause in it; a store that is out of reach loses the count, not the answer."""
    if not reply.answered:
        return
    today = datetime.now(UTC).date()
    told = {(answer.verdict.cause, answer.verdict.provider or "") for answer in reply.answers} or {("", "")}
    try:
        for cause, provider in sorted(told):
            await store.count(Counted(today, place.platform, place.tenant, reply.kind, cause, provider))
    except StoreError:
        _log.warning("an answer could not be counted: the store is out of reach")

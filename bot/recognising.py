"""Who speaks in a failure: private code, URL in the reply, host, own words, the report's author, the recipient's domain."""

from bot.knowledge import Knowledge, kept
from bot.matching import Words
from bot.model import Failure


class Speaker:
    """Who speaks. Attributes: provider (id or None), recognised (every provider named on the way), blocklist (the list that is quoted)."""

    __slots__ = ("blocklist", "provider", "recognised")

    def __init__(self, found: list[str], lists: list[str], knowledge: Knowledge) -> None:
        self.provider = next((provider for provider in found if knowledge.kinds[provider] != "mta"), None)
        self.recognised = {*found, *lists}
        self.blocklist = lists[0] if lists else None


@kept
def _telling(knowledge: Knowledge) -> dict[int, str]:
    """The rules whose words give their provider away, wherever they stand."""
    return {number: rule.provider for number, rule in enumerate(knowledge.rules) if rule.anywhere and rule.provider}


def recognise(failure: Failure, knowledge: Knowledge, text: Words, numbers: list[int]) -> Speaker:
    """Who speaks; `numbers` are the rules and provider phrases that matched. Block lists are quoted, they do not speak."""
    found: list[str] = []
    lists: list[str] = []
    own_words: list[str] = []
    base, telling = len(knowledge.rules), _telling(knowledge)
    for number in numbers:
        if number >= base:
            own_words.append(knowledge.provider_order[number - base])
        elif number in telling:
            named = telling[number]
            (lists if knowledge.kinds[named] == "blocklist" else found).append(named)
    hosts = _named_in(text, knowledge, found, lists) if text.names else []
    remote = failure.remote_mta.lower().rstrip(".") if failure.remote_mta else None
    if remote:
        provider = knowledge.find_host(knowledge.hosts, remote) or knowledge.domains.get(remote)
        if provider:
            found.append(provider)
    for host in hosts:
        provider = knowledge.find_host(knowledge.hosts, host)
        if provider:
            found.append(provider)
    for provider in own_words:
        (lists if knowledge.kinds[provider] == "blocklist" else found).append(provider)
    for name in (failure.reporting_mta, failure.author):
        if name:
            written = name.lower().rstrip(".>")
            provider = knowledge.find_host(knowledge.hosts, written) or knowledge.find_host(knowledge.domains, written)
            if provider:
                found.append(provider)
    if failure.recipient:
        provider = knowledge.find_host(knowledge.domains, failure.recipient.rpartition("@")[2].lower().rstrip(".>"))
        if provider:
            found.append(provider)
    if hosts and not found:
        found += [provider for host in hosts if (provider := knowledge.find_host(knowledge.domains, host))]
    return Speaker(found, lists, knowledge)


def _named_in(text: Words, knowledge: Knowledge, found: list[str], lists: list[str]) -> list[str]:
    """The host names in a text; what its URLs and the zones of block lists tell is added to `found` and `lists`."""
    hosts = []
    for name in text.names:
        written = name.decode("utf-8", "replace")
        zone = knowledge.find_host(knowledge.zones, written.rpartition("://")[2].partition("/")[0])
        if zone:
            lists.append(zone)
        elif "/" in written:
            provider = knowledge.find_url(written)
            if provider:
                (lists if knowledge.kinds[provider] == "blocklist" else found).append(provider)
        else:
            hosts.append(written)
    return hosts

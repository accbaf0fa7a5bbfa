"""What belongs to the operator (domains, addresses, hosts), so that an answer can say you, us and they."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from bot.model import Failure
from bot.wording import Values

_LEADS = {
    ("us", "sender"): "You move first, as the sender{place}.",
    ("us", "sender-admin"): "We move first: the sending side{place} is ours.",
    ("us", "recipient"): "We move first: the mailbox is with us{place}, so we can reach its owner.",
    ("us", "recipient-admin"): "We move first: the receiving side{place} is ours.",
    ("they", "sender"): "They move first: tell the sender{place} to do this.",
    ("they", "sender-admin"): "They move first: the sending side{place} is not ours.",
    ("they", "recipient"): "They move first: the recipient{place} is not ours.",
    ("they", "recipient-admin"): "They move first: the receiving side{place} is not ours.",
}

_WITH_PANEL = (("us", "sender"), ("us", "recipient"))


@dataclass(frozen=True, slots=True)
class Ours:
    """The operator's domains, networks and hosts (lower case), and the panel their customers use."""

    domains: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    panel: str | None = None

    def is_domain(self, domain: str | None) -> bool:
        """Whether a domain is one of ours or below one."""
        name = (domain or "").lower().rstrip(".")
        while name:
            if name in self.domains:
                return True
            name = name.partition(".")[2]
        return False

    def is_host(self, host: str | None) -> bool:
        """Whether a host is ours by name, or by the domain it stands in."""
        name = (host or "").lower().rstrip(".")
        return bool(name) and (name in self.hosts or self.is_domain(name))

    def is_address(self, address: str | None) -> bool:
        """Whether an IP address lies in one of our networks."""
        try:
            found = ip_address(address or "")
        except ValueError:
            return False
        return any(found.version == network.version and found in network for network in self.networks)

    def side_of(self, role: str, failure: Failure, values: Values) -> str | None:
        """`us` or `they` for a role, or None where the text does not show whose it is."""
        domain = values.get("recipient_domain")
        receiving = self.is_domain(domain) or self.is_host(failure.remote_mta)
        if role in ("recipient", "recipient-admin"):
            return "us" if receiving else "they" if domain else None
        if role in ("sender", "sender-admin"):
            sender = values.get("sender_domain")
            if self.is_domain(sender) or self.is_address(values.get("ip")):
                return "us"
            if not receiving and self.is_host(failure.reporting_mta):
                return "us"  # our server could not pass the message on
            return "they" if sender or values.get("ip") else None
        return None

    def addressed(self, move: str, role: str, failure: Failure, values: Values) -> str:
        """The sentence that says whose move it is, led by you, us or them where that is known."""
        side = self.side_of(role, failure, values)
        if side is None:
            return move
        lead = _LEADS[side, role]
        place = self._place(role, failure, values)
        panel = f" The mailbox is managed in {self.panel}." if self.panel and (side, role) in _WITH_PANEL else ""
        return f"{lead.replace('{place}', f' ({place})' if place else '')} {move}{panel}"

    def _place(self, role: str, failure: Failure, values: Values) -> str | None:
        """What shows whose side it is: the domain, else the address or host."""
        if role.startswith("recipient"):
            return values.get("recipient_domain") or failure.remote_mta
        domain, address = values.get("sender_domain"), values.get("ip")
        if address and self.is_address(address) and not self.is_domain(domain):
            return address
        return domain or address or failure.reporting_mta

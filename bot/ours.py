"""What belongs to the operator (domains, addresses, hosts), so that an answer can say you, us and they."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from bot.model import Failure
from bot.wording import Values


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
        if role in ("recipient", "recipient-admin"):
            domain = values.get("recipient_domain")
            return (
                None
                if domain is None
                else "us"
                if self.is_domain(domain) or self.is_host(failure.remote_mta)
                else "they"
            )
        if role in ("sender", "sender-admin"):
            if (
                self.is_domain(values.get("sender_domain"))
                or self.is_address(values.get("ip"))
                or self.is_host(failure.reporting_mta)
            ):
                return "us"
            return "they" if values.get("sender_domain") or values.get("ip") else None
        return None

    def addressed(self, move: str, role: str, failure: Failure, values: Values) -> str:
        """The sentence that says whose move it is, led by us or them where that is known."""
        side = self.side_of(role, failure, values)
        if side is None:
            return move
        domain = values.get("recipient_domain") if role.startswith("recipient") else values.get("sender_domain")
        lead = {"us": "Our side moves first", "they": "The other side moves first"}[side]
        return f"{lead}{f' ({domain})' if domain else ''}: {move}"

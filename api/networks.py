"""Addresses of clients, by who can have them."""

from functools import lru_cache
from ipaddress import ip_address, ip_network


@lru_cache(maxsize=1_000)
def network_of(host: str) -> str:
    """Of an IPv6 address the network that its holder has, with 2^64 others; else the host itself."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return host
    mapped = address.ipv4_mapped
    return str(mapped or ip_network((address, 64), strict=False))

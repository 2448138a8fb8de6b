"""Every number and every strictness switch, as data.

The defaults are MSAL's values where it has one. Nothing here acts; whoever needs a number is
handed the policy. Times are seconds.
"""

from __future__ import annotations

from attrs import frozen

__all__ = ["Policy"]


@frozen(kw_only=True)
class Policy:
    """The numbers of one client.

    `early_expiry`: a token with less left is not served from the cache. `max_token_life` caps
    what a server may claim. `retries`: further attempts after a connection failure or a 5xx
    without Retry-After. `max_entries` bounds the access tokens of one partition.

    `refresh_spread`: what was issued in one moment is to be refreshed over that many seconds, none
    of it before the time that the server named; it is never more than a twentieth of the time until
    then. `send_telemetry`: whether requests say which library asks, why, and how earlier ones went.

    The strict switches make an error of what is told as a warning otherwise: an answer of another
    content type, a token without a type, a certificate that has expired, a token store that
    cannot be read.
    """

    early_expiry: int = 300
    default_token_life: int = 600
    max_token_life: int = 28 * 3600
    assertion_life: int = 600
    clock_skew: int = 300
    discovery_life: int = 24 * 3600
    default_hold: int = 5
    identical_refusal_hold: int = 60
    retry_after_cap: int = 3600
    max_holds: int = 1024
    imds_timeout: float = 2.0
    call_deadline: float = 30.0
    retries: int = 1
    max_token_bytes: int = 1 << 20
    max_entries: int = 10_000
    refresh_spread: int = 300

    send_telemetry: bool = True
    strict_content_type: bool = False
    strict_token_type: bool = False
    strict_certificate: bool = False
    strict_store: bool = False
    shared_tenants: bool = False
    allow_loopback: bool = False

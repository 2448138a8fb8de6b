"""Not asking again too soon: reading Retry-After, and remembering refusals as holds.

A hold is a not-before time and the refusal's error members; it never holds a token or a response
(invariant I-3). It belongs to one identity, and for an identical 400 to one demand too, so nobody
else waits (invariant I-5). Observed: MSAL's numbers, 5 s by default, 60 s for an identical 400, at
most an hour.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Final

from attrs import evolve, field, frozen

from sansio_auth._json import JsonObject, JsonValue
from sansio_auth.identity import Demand, Identity
from sansio_auth.policy import Policy
from sansio_auth.results import Refusal
from sansio_auth.secret import Confidential
from sansio_auth.wire import HttpResponse

__all__ = ["Hold", "held_refusal", "hold_after", "hold_key", "read_retry_after"]

_DIGITS: Final = re.compile(r"-?[0-9]{1,20}")
_BAD_REQUEST: Final = 400
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
#: Members of a refusal worth keeping; a claims challenge is part of the same outcome.
_KEPT: Final = (
    "error", "error_description", "error_codes", "suberror", "claims", "error_uri",
    "timestamp", "trace_id", "correlation_id",
)  # fmt: skip
_MAX_MEMBERS: Final = 16_384


@frozen
class Hold(Confidential):
    """Not before `until`; placed at `since` (both POSIX seconds). `members` are the refusal's."""

    until: float
    since: float
    status: int
    members: Mapping[str, JsonValue] = field(factory=dict[str, JsonValue], repr=False)

    def active(self, now: float) -> bool:
        """Whether it still holds; a clock that went back before it was placed ends it."""
        return self.since <= now < self.until


def read_retry_after(value: str | None, *, now: float, policy: Policy) -> tuple[float | None, bool]:
    """Return the seconds a Retry-After header asks for, and whether it could be read.

    None where there is no header; the policy's default where it is unreadable (RFC 9110 section
    10.2.3). Never negative and never more than the policy's cap.
    """
    if value is None:
        return None, True
    text = value.strip(" \t")
    if _DIGITS.fullmatch(text):
        return float(min(max(int(text), 0), policy.retry_after_cap)), not text.startswith("-")
    from sansio_auth._http_date import parse_http_date

    moment = parse_http_date(text, now)
    if moment is None:
        return float(policy.default_hold), False
    return min(max(moment - now, 0.0), float(policy.retry_after_cap)), True


def hold_key(identity: Identity, demand: Demand | None = None) -> str:
    """Return the key under which a refusal of this identity (and demand) is remembered."""
    parts: list[str] = [
        identity.environment, identity.tenant, identity.client_id, identity.subject.kind,
        identity.subject.value, " ".join(identity.scopes), identity.scheme, identity.key_id,
        identity.extended_key,
    ]  # fmt: skip
    if demand is not None:
        parts += [
            demand.claims, str(demand.force), demand.token_to_refresh, str(demand.min_remaining),
            demand.params, demand.credential,
        ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _kept(refusal: Refusal) -> JsonObject:
    members = {name: refusal.members[name] for name in _KEPT if name in refusal.members}
    if len(json.dumps(members)) > _MAX_MEMBERS:
        return {"error": refusal.error}
    return members


def hold_after(
    refusal: Refusal, response: HttpResponse, *, now: float, policy: Policy
) -> tuple[Hold | None, bool, bool]:
    """Return the hold that an answer calls for, whether it is the identical 400, and readability.

    429, 5xx and anything with Retry-After hold the identity; a 400 without Retry-After holds the
    identity together with its demand; 401, 403 and the rest hold nobody.
    """
    seconds, readable = read_retry_after(response.header("retry-after"), now=now, policy=policy)
    identical = False
    if seconds is None:
        if response.status == _TOO_MANY or response.status >= _SERVER_ERROR:
            seconds = float(policy.default_hold)
        elif response.status == _BAD_REQUEST:
            seconds, identical = float(policy.identical_refusal_hold), True
    if not seconds:
        return None, identical, readable
    hold = Hold(until=now + seconds, since=now, status=response.status, members=_kept(refusal))
    return hold, identical, readable


def held_refusal(hold: Hold, refusal: Refusal) -> Refusal:
    """Return the refusal that a held call ends in: the same one, marked."""
    return evolve(refusal, held=True, retry_at=hold.until)

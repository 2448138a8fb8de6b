"""Refusals of the simulated tenant, worded and numbered as Entra ID does.

The numbers are those of Microsoft's reference of AADSTS codes; the sentences are our own, because
nobody may depend on Entra's.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from attrs import frozen

from sansio_auth._json import JsonObject
from sansio_auth._seed import derive_uuid
from sansio_auth.wire import HttpResponse

__all__ = ["JSON", "Denied", "denial"]

JSON: Final = (("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store"))


@frozen
class Denied(Exception):  # noqa: N818 - says what happened
    """A request that the tenant refuses: AADSTS code, OAuth error, and what a person may read."""

    code: int
    error: str
    message: str
    status: int = 400
    suberror: str = ""
    claims: str = ""


def denial(
    denied: Denied, *, seed: bytes, number: int, correlation_id: str, now: float
) -> HttpResponse:
    """Return the response (RFC 6749 section 5.2, with Entra's further members)."""
    trace_id = derive_uuid(seed, f"trace {number}")
    at = datetime.fromtimestamp(now, tz=UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    members: JsonObject = {
        "error": denied.error,
        "error_description": (
            f"AADSTS{denied.code}: {denied.message} Trace ID: {trace_id}"
            f" Correlation ID: {correlation_id} Timestamp: {at}"
        ),
        "error_codes": [denied.code],
        "timestamp": at,
        "trace_id": trace_id,
        "correlation_id": correlation_id,
        "error_uri": f"https://login.microsoftonline.com/error?code={denied.code}",
    }
    if denied.suberror:
        members["suberror"] = denied.suberror
    if denied.claims:
        members["claims"] = denied.claims
    return HttpResponse(denied.status, JSON, json.dumps(members).encode())

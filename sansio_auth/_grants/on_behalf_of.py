"""The on-behalf-of grant: a user's token for us, exchanged for one for the next service.

Microsoft's use of the JWT bearer grant (RFC 7523 section 2.1) with `requested_token_use`. What is
got is filed twice: under the assertion, which is how the next call finds it, and under the user,
which is how accounts and sign-out do.
"""

from __future__ import annotations

from sansio_auth._grants.acquire import acquire, request_form
from sansio_auth._grants.filing import under_assertion
from sansio_auth.asserted_calls import OnBehalfOf
from sansio_auth.flow import Ended, Script, Start
from sansio_auth.results import Outcome
from sansio_auth.wire import Pairs

__all__ = ["on_behalf_of", "on_behalf_of_form"]


def on_behalf_of_form(call: OnBehalfOf) -> Pairs:
    """Return the body fields of the request, without those that prove who the client is."""
    own = (
        ("assertion", call.user_assertion.reveal()),
        ("requested_token_use", "on_behalf_of"),
    )
    return request_form(call, "urn:ietf:params:oauth:grant-type:jwt-bearer", own, call.requested)


def on_behalf_of(call: OnBehalfOf, start: Start) -> Script[Ended[Outcome]]:
    """Microsoft's on-behalf-of: act for the user whose token the caller brought."""
    return acquire(call, start, on_behalf_of_form(call), under_assertion)

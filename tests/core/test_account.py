"""Somebody who has signed in."""

from __future__ import annotations

from sansio_auth.account import Account


def test_an_account_is_a_value() -> None:
    """With MSAL's members."""
    account = Account(
        home_account_id="u.t", environment="h", realm="t", local_account_id="u", username="n",
        authority_type="MSSTS",
    )  # fmt: skip
    assert account.account_source is None

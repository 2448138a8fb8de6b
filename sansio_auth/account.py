"""Somebody who has signed in. Loaded when there are users."""

from __future__ import annotations

from attrs import frozen

__all__ = ["Account"]


@frozen(kw_only=True)
class Account:
    """Somebody who has signed in: known by environment and home account id, named by `username`."""

    home_account_id: str
    environment: str
    realm: str
    local_account_id: str
    username: str
    authority_type: str
    account_source: str | None = None

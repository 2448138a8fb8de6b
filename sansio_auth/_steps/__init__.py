"""The steps that grants are made of: load, discover, authenticate, exchange, save.

Each step is a script of its own, to be used with `yield from`; each keeps the conversation's few
moving parts in the `Conversation` it is given. All retries and holds of the library are here, and
nothing here knows one grant from another.
"""

from sansio_auth._steps.authentication import authenticate
from sansio_auth._steps.conversation import (
    Conversation,
    begin,
    load,
    load_knowledge,
    save,
    send,
)
from sansio_auth._steps.discovery import discover
from sansio_auth._steps.exchange import exchange
from sansio_auth._steps.region import locate

__all__ = [
    "Conversation",
    "authenticate",
    "begin",
    "discover",
    "exchange",
    "load",
    "load_knowledge",
    "locate",
    "save",
    "send",
]

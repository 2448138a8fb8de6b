"""An identity provider in memory: answers are made beforehand, requests are counted.

It is asked through each library's own kind of transport (`bench.libraries`), so that what is timed
is the library. No form is looked at: a provider is of one kind, for applications or for users.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Final

from bench.answers import REALM, app_response, discovery_document, user_response

__all__ = ["SHORT_LIFE", "Tenant"]

#: Seconds that a token lives which every library thinks too old to serve again.
SHORT_LIFE: Final = 200


class Tenant:
    """Answers every token request alike; `latency` seconds pass before any answer."""

    def __init__(self, *, life: int = 3600, user: bool = False, latency: float = 0.0) -> None:
        answer = user_response(7, life) if user else app_response(7, life)
        self.text: Final = json.dumps(answer)
        self.body: Final = self.text.encode()
        self.requests = 0
        self.discoveries = 0
        self._latency: Final = latency
        self._lock: Final = threading.Lock()
        self._discovery: Final = discovery_document(REALM)

    def _count(self, url: str) -> bool:
        asks_for_token = url.endswith("/token")
        with self._lock:
            if asks_for_token:
                self.requests += 1
            else:
                self.discoveries += 1
        return asks_for_token

    def asked(self, url: str) -> bool:
        """Count a request, and tell whether it is for a token."""
        asks_for_token = self._count(url)
        if self._latency:
            time.sleep(self._latency)
        return asks_for_token

    async def awaited(self, url: str) -> bool:
        """`asked`, without holding up other tasks."""
        asks_for_token = self._count(url)
        if self._latency:
            await asyncio.sleep(self._latency)
        return asks_for_token

    def discovery(self, url: str) -> str:
        """Return the metadata of the tenant that the URL names."""
        return self._discovery.replace(REALM, url.split("/")[3])

"""What our own calls are made of, each part timed beside the whole."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from bench.answers import CLIENT, HOST, REALM, SCOPE, SECRET
from bench.effort import Effort
from bench.libraries import shaped_like_msal
from bench.libraries.msal_shaped import MsalShaped
from bench.lines import OURS, Parts
from bench.tenant import SHORT_LIFE, Tenant
from bench.timing import Batch, interleaved, ratio, repeated
from sansio_auth import (
    ClientSecret,
    ConfidentialClient,
    Fact,
    HttpResponse,
    Load,
    Partition,
    Save,
    Secret,
    SendHttp,
    apply_all,
    empty,
    parse_authority,
)
from sansio_auth.partition import KnowledgeKey

__all__ = ["rows"]

_SEED = bytes(32)
_JSON = (("content-type", "application/json; charset=utf-8"),)


class _Played:
    """One call of the core and everything that its flow asks, without threads, clock or store."""

    def __init__(self, life: int) -> None:
        client = ConfidentialClient(
            client_id=CLIENT,
            authority=parse_authority(f"https://{HOST}/{REALM}"),
            credential=ClientSecret(Secret(SECRET)),
        )
        self.now = time.time()
        self.call = client.acquire_token_for_client([SCOPE])
        self._response = HttpResponse(200, _JSON, Tenant(life=life).body)
        key = self.call.partition_key()
        if key is None:
            raise RuntimeError("where the token is kept is not known")
        self._empty = empty(key)
        self._facts: tuple[Fact, ...] = ()

    def play(self) -> object:
        """Carry the flow through, every time from an empty partition to a token."""
        flow = self.call.start(now=self.now, seed=_SEED)
        while (effect := flow.pending) is not None:
            match effect:
                case SendHttp():
                    flow.answer(effect, self._response, now=self.now)
                case Load(KnowledgeKey() as key):
                    flow.answer(effect, empty(key), now=self.now)
                case Load():
                    flow.answer(effect, self._empty, now=self.now)
                case Save(changes):
                    [(_, self._facts)] = changes
                    flow.answer(effect, self.apply(), now=self.now)
                case _:
                    raise RuntimeError(f"a flow that asks for {type(effect).__name__}")
        return flow.result

    def apply(self) -> Partition:
        """Apply what the last flow saved."""
        return apply_all(self._empty, self._facts)


def _timed(title: str, batches: dict[str, Batch], effort: Effort) -> Parts:
    samples = interleaved(batches, effort)
    whole = next(iter(samples.values()))
    return Parts(
        title,
        {name: it.median for name, it in samples.items()},
        {name: ratio(it, whole) for name, it in samples.items()},
    )


def _from_memory(ours: MsalShaped, effort: Effort) -> Parts:
    call = ours.app_token(Tenant())
    call()
    played = _Played(3600)
    played.play()
    stored = played.apply()
    if played.call.ready(stored, played.now) is None:
        raise RuntimeError("the token is not fresh")
    parts = {
        "the whole call": repeated(call),
        "of it the clock": repeated(time.time),
        "for comparison: `Call.ready`, of which it is a shortcut": repeated(
            lambda: played.call.ready(stored, played.now)
        ),
    }
    return _timed("a token from memory", parts, effort)


def _requested(ours: MsalShaped, effort: Effort) -> Parts:
    tenant = Tenant(life=SHORT_LIFE)
    played = _Played(SHORT_LIFE)
    played.play()
    parts = {
        "the whole call": repeated(ours.request(tenant)),
        "of it the flow, in the core": repeated(played.play),
        "of that, `json` reads the answer": repeated(lambda: json.loads(tenant.body)),
        "of that, facts are applied": repeated(played.apply),
    }
    return _timed("a token request with a secret, without transport", parts, effort)


def rows(effort: Effort) -> Iterator[Parts]:
    """Yield the parts of a token from memory and of a token request."""
    [ours] = shaped_like_msal(OURS).values()
    yield _from_memory(ours, effort)
    yield _requested(ours, effort)

"""A token request with a certificate: each carries a signature that was made for it."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from bench.effort import Effort
from bench.keys import certificate
from bench.libraries import present
from bench.lines import FLOOR, Goal, Line, compared
from bench.rows.misses import always
from bench.tenant import SHORT_LIFE, Tenant
from bench.timing import Batch, interleaved, repeated

__all__ = ["rows"]

_SIGNED = b"x" * 1_800  # as long as the header and claims of an assertion with x5c


def _floor() -> Batch:
    key, digest = certificate().key, hashes.SHA256()
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
    return repeated(lambda: key.sign(_SIGNED, pss, digest))


def rows(effort: Effort) -> Iterator[Line]:
    """Yield the cost of a signed token request beside that of the bare RSA-2048 signature."""
    batches = {}
    for name, library in present().items():
        tenant = Tenant(life=SHORT_LIFE)
        batches[name] = always(library.request(tenant, certificate()), tenant)
    batches[FLOOR] = _floor()
    title = "token request with a certificate, signed anew"
    yield compared(title, interleaved(batches, effort), Goal(1.2, FLOOR))

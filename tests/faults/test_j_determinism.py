"""Section J: the same inputs give the same transcript, wherever and whenever (I-8)."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[2]
_TENANT: Final = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"
_WEB_API: Final = "6731de76-14a6-49ae-97bc-6eba6914391e"
_GRAPH: Final = "https://graph.microsoft.com"

_PROGRAM: Final = f"""
import hashlib
from sansio_auth import ClientSecret, ConfidentialClient, Secret, SendHttp, parse_authority
from sansio_auth.testing import World, example_tenant, user_token

client = ConfidentialClient(client_id={_WEB_API!r}, authority=parse_authority({_TENANT!r}),
    credential=ClientSecret(Secret("the-application's-secret")))
world = World(example_tenant())
assertion = user_token(world.tenant, "alice@contoso.com", {_WEB_API!r}, world.clock.now)
told = hashlib.sha256()
for call in (
    client.acquire_token_for_client(["{_GRAPH}/.default"]),
    client.acquire_token_on_behalf_of(assertion, ["{_GRAPH}/User.Read", "{_GRAPH}/Mail.Read"],
        claims_challenge={{"access_token": {{"b": None, "a": None}}}}),
):
    for step in world.play(call).transcript.steps:
        told.update(repr(step).encode())
        if isinstance(step.effect, SendHttp):
            told.update(step.effect.request.body or b"")
            told.update(repr(step.effect.request.headers).encode())
print(told.hexdigest())
"""


def test_a_transcript_is_the_same_in_every_environment(tmp_path: Path) -> None:
    """Hash seed, locale, time zone, folder, optimisation: byte for byte (rows 199 and 221)."""
    told = set()
    for seed, zone, locale, optimised in (
        ("0", "UTC", "C", ()),
        ("1", "Asia/Kathmandu", "tr_TR.UTF-8", ()),
        ("4242", "America/St_Johns", "C.UTF-8", ("-O",)),
        ("random", "UTC", "POSIX", ("-OO",)),
    ):
        environment = {
            **os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale,
            "PYTHONPATH": os.pathsep.join([str(_ROOT), str(_ROOT / "adapters")]),
        }  # fmt: skip
        ran = subprocess.run(
            [sys.executable, *optimised, "-c", _PROGRAM], env=environment, cwd=tmp_path,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        told.add(ran.stdout)
    assert len(told) == 1
    assert len(told.pop().strip()) == hashlib.sha256().digest_size * 2


def test_no_recursion_stands_in_the_way_of_a_deep_stack() -> None:
    """A call is played with little room left (row 198)."""
    program = _PROGRAM.replace(
        "for call in (", "import sys\nsys.setrecursionlimit(150)\nfor call in ("
    )
    warm = _PROGRAM.replace("print(told.hexdigest())", "told = hashlib.sha256()")
    ran = subprocess.run(
        [sys.executable, "-c", warm + program], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), str(_ROOT / "adapters")])},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-500:]

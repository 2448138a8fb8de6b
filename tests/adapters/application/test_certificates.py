"""Keys are read once in a process, and never another one than was given."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cryptography.hazmat.primitives import serialization

from sansio_auth import ConfigurationError
from sansio_auth_adapters.application import certificates
from sansio_auth_adapters.application.credential import WorkingCredential, read_credential
from tests.faults.aids import GRAPH, Line, app_of
from tests.faults.keys import PASSPHRASE, certificate, pem_of, pfx, private_pem

_SHA1 = "ab" * 20
_SHA256 = "cd" * 32


@pytest.fixture(autouse=True)
def nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> dict[bytes, WorkingCredential]:
    """Begin as a process does."""
    known: dict[bytes, WorkingCredential] = {}
    monkeypatch.setattr(certificates, "_known", known)
    return known


def _read(given: dict[str, Any], *, adfs: bool = False) -> WorkingCredential:
    return read_credential(given, adfs=adfs)


def _with_chain() -> dict[str, Any]:
    return {"private_key": private_pem(), "public_certificate": pem_of(certificate())}


def test_a_key_is_read_once_for_all_applications_and_tenants() -> None:
    """They share who signs."""
    read = serialization.load_pem_private_key
    with mock.patch.object(serialization, "load_pem_private_key", wraps=read) as load:
        apps = [
            app_of(Line(), _with_chain(), f"https://login.microsoftonline.com/{tenant * 8}-1111"
                   "-1111-1111-111111111111")
            for tenant in ("1", "2", "3")
        ]  # fmt: skip
    assert load.call_count == 1
    assert len({app._signer for app in apps}) == 1
    assert apps[0].acquire_token_for_client([GRAPH])


@pytest.mark.parametrize("many", [8])
def test_threads_that_come_at_once_get_one_that_works(many: int) -> None:
    """Whoever read it."""
    with ThreadPoolExecutor(many) as pool:
        read = list(pool.map(lambda _: _read(_with_chain()), range(many)))
    assert len({working.public for working in read}) == 1


def _differing() -> dict[str, dict[str, Any]]:
    key, chain = private_pem(), pem_of(certificate())
    locked = private_pem(passphrase=PASSPHRASE)
    return {
        "a thumbprint": {"private_key": key, "thumbprint": _SHA1},
        "a longer thumbprint": {"private_key": key, "thumbprint": _SHA256},
        "a chain": {"private_key": key, "public_certificate": chain},
        "a chain of two": {"private_key": key, "public_certificate": chain * 2},
        "another key": {"private_key": private_pem("root"), "thumbprint": _SHA1},
        "an encrypted key": {
            "private_key": locked, "passphrase": PASSPHRASE, "thumbprint": _SHA1,
        },
    }  # fmt: skip


def test_whatever_differs_is_another_credential() -> None:
    """Key, chain, thumbprint; and ADFS, which knows one algorithm only."""
    read = [_read(given) for given in _differing().values()]
    read.append(_read(_differing()["a chain"], adfs=True))
    assert len({id(working) for working in read}) == len(read)
    assert [_read(given) for given in _differing().values()] == read[:-1]
    assert [working.public.sha1 for working in read[2:3] + read[-1:]] == [False, True]  # type: ignore[union-attr]


def test_a_text_and_its_bytes_are_the_same_key() -> None:
    """As the two ways to pass one file's content."""
    given = _differing()["a chain"]
    assert _read(given) is _read({name: text.encode() for name, text in given.items()})


@pytest.mark.parametrize("passphrase", ["wrong", None, "", b"\xff"])
def test_a_wrong_passphrase_never_gets_a_key_that_a_right_one_unlocked(passphrase: Any) -> None:
    """It is refused as it would be by a process that never saw the right one."""
    given = {"private_key": private_pem(passphrase=PASSPHRASE), "thumbprint": _SHA1}
    unlocked = _read({**given, "passphrase": PASSPHRASE})
    with pytest.raises(ConfigurationError):
        _read({**given, "passphrase": passphrase})
    assert _read({**given, "passphrase": PASSPHRASE}) is unlocked


def test_what_cannot_be_read_is_not_remembered(
    nothing_is_known: dict[bytes, WorkingCredential],
) -> None:
    """The same refusal every time, and no room taken."""
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="first"):
            _read({**_with_chain(), "private_key": private_pem("root")})
    assert nothing_is_known == {}


def test_no_text_of_the_callers_is_kept(nothing_is_known: dict[bytes, WorkingCredential]) -> None:
    """They are known by digests, under which stand a public half and a function."""
    given = {**_with_chain(), "private_key": private_pem(passphrase=PASSPHRASE)}
    _read({**given, "passphrase": PASSPHRASE})
    ((digest, working),) = nothing_is_known.items()
    assert len(digest) == 32
    assert "PRIVATE" not in repr(nothing_is_known)
    assert PASSPHRASE not in repr(nothing_is_known)
    assert "signer" not in repr(working)


def test_many_keys_do_not_pile_up(
    monkeypatch: pytest.MonkeyPatch, nothing_is_known: dict[bytes, WorkingCredential]
) -> None:
    """Beyond the bound all are forgotten; those in use go on working."""
    monkeypatch.setattr(certificates, "_MOST", 2)
    first = _read({"private_key": private_pem(), "thumbprint": _SHA1})
    for digits in ("01", "02", "03"):
        _read({"private_key": private_pem(), "thumbprint": digits * 20})
        assert len(nothing_is_known) <= 2
    again = _read({"private_key": private_pem(), "thumbprint": _SHA1})
    assert again is not first
    assert again.public == first.public


def test_a_file_that_was_replaced_is_another_key(tmp_path: Path) -> None:
    """A rotated PFX keeps its name."""
    path = tmp_path / "app.pfx"
    path.write_bytes(pfx())
    given = {"private_key_pfx_path": path, "passphrase": PASSPHRASE, "public_certificate": True}
    before = _read(given)
    assert _read(given) is before
    path.write_bytes(pfx(others=1))
    assert _read(given) is not before
    assert _read({**given, "public_certificate": None}).public != _read(given).public


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_signs_with_the_key_that_its_parent_read() -> None:
    """Nothing has to be unlocked in it."""
    _read(_with_chain())
    child = os.fork()
    if child == 0:
        line = Line()
        app_of(line, _with_chain()).acquire_token_for_client([GRAPH])
        os._exit(0 if line.forms[0]["client_assertion"].count(".") == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("name", ["private_key", "passphrase", "public_certificate"])
def test_a_text_that_was_decoded_wrongly_is_refused(name: str) -> None:
    """Half of a surrogate pair is no character."""
    given = {"private_key": private_pem(), "thumbprint": _SHA1, name: "\udcff"}
    with pytest.raises(ConfigurationError, match=name) as caught:
        _read(given)
    assert caught.value.code == "characters"

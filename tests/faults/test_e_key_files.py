"""Section E: PEM texts and PFX files that are not what they should be."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from sansio_auth import ConfigurationError
from tests.faults.aids import GRAPH, Line, app_of
from tests.faults.keys import PASSPHRASE, certificate, key, pem_of, pfx, private_pem, public_pem
from tests.faults.rows import row

_THUMBPRINT = {"thumbprint": "ab" * 20}


def _refused(credential: Any) -> ConfigurationError:
    line = Line()
    with pytest.raises(ConfigurationError, match="client_credential") as caught:
        app_of(line, credential)
    assert line.asked == []
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize(
    ("pem", "code", "told"),
    [
        row(139, "no-pem", "canary\ncanary\n", "no_private_key", "no PEM text"),
        row(139, "no-end", private_pem()[:-30], "no_private_key", "no PEM text"),
        row(139, "public-key", public_pem(), "no_private_key", "public key only"),
        row(139, "certificate", pem_of(certificate()), "no_private_key", "a certificate and no"),
        row(139, "several", private_pem() + private_pem("root"), "several_private_keys", "several"),
        row(139, "a-path", "/etc/keys/app.pem", "no_private_key", "a path"),
        row(139, "a-windows-path", "C:\\keys\\app.pem", "no_private_key", "a path"),
        row(139, "damaged", private_pem().replace("M", "N"), "unreadable_key", "damaged"),
        row(139, "number", 5, "type", "str or bytes"),
    ],
)
def test_a_text_without_one_private_key_says_what_is_there(pem: Any, code: str, told: str) -> None:
    """And what is missing."""
    error = _refused({"private_key": pem, **_THUMBPRINT})
    assert error.code == code
    assert told in str(error)


@pytest.mark.parametrize(
    "pem",
    [
        row(139, "crlf", private_pem().replace("\n", "\r\n")),
        row(139, "bytes", private_pem().encode()),
        row(139, "leading-text", f"Bag Attributes\n  name: x\n{private_pem()}"),
        row(139, "windows-1252", "Schl\u00fcssel \u2013 \u20ac\n".encode("cp1252")
            + private_pem().encode()),
        row(139, "certificate-beside", pem_of(certificate()) + private_pem()),
        row(139, "byte-order-mark", f"\ufeff{private_pem()}"),
    ],
)  # fmt: skip
def test_text_around_a_private_key_is_skipped(pem: Any) -> None:
    """The tools that write these files put it there."""
    line = Line()
    app_of(line, {"private_key": pem, **_THUMBPRINT}).acquire_token_for_client([GRAPH])
    assert line.forms[0]["client_assertion"].count(".") == 2


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("passphrase", "code"),
    [
        row(140, "missing", None, "no_passphrase"),
        row(140, "empty", "", "no_passphrase"),
        row(140, "wrong", "another-canary", "unreadable_key"),
    ],
)
def test_an_encrypted_key_needs_its_passphrase(
    passphrase: str | None, code: str, *, old: bool
) -> None:
    """When the application is made, and it is not shown."""
    pem = private_pem(passphrase=PASSPHRASE, old=old)
    error = _refused({"private_key": pem, "passphrase": passphrase, **_THUMBPRINT})
    assert error.code == code


def test_row140_a_plain_key_has_no_passphrase() -> None:
    """One was meant for another file."""
    error = _refused({"private_key": private_pem(), "passphrase": PASSPHRASE, **_THUMBPRINT})
    assert error.code == "needless_passphrase"


@pytest.mark.parametrize(
    ("content", "passphrase", "code"),
    [
        row(141, "garbage", b"garbage" * 100, PASSPHRASE, "unreadable_pfx"),
        row(141, "empty-file", b"", PASSPHRASE, "unreadable_pfx"),
        row(141, "cut-off", pfx()[:-10], PASSPHRASE, "unreadable_pfx"),
        row(141, "pem-in-it", private_pem().encode(), None, "unreadable_pfx"),
        row(141, "wrong-passphrase", pfx(), "another-canary", "unreadable_pfx"),
        row(141, "no-passphrase", pfx(), None, "unreadable_pfx"),
        row(141, "empty-passphrase", pfx(), "", "unreadable_pfx"),
        row(141, "no-certificate", pfx(with_certificate=False), PASSPHRASE, "no_certificate"),
        row(141, "no-key", pfx(with_key=False), PASSPHRASE, "no_private_key"),
        row(141, "several", pfx(others=10), PASSPHRASE, "chain_too_long"),
    ],
)  # fmt: skip
def test_a_pfx_that_cannot_be_used_is_refused(
    content: bytes, passphrase: str | None, code: str, tmp_path: Path
) -> None:
    """By what is missing; the passphrase is not shown."""
    path = tmp_path / "app.pfx"
    path.write_bytes(content)
    error = _refused({"private_key_pfx_path": str(path), "passphrase": passphrase})
    assert error.code == code


def _triple_des() -> bytes:
    builder = PrivateFormat.PKCS12.encryption_builder()
    builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
    builder = builder.hmac_hash(hashes.SHA1())
    return pkcs12.serialize_key_and_certificates(
        b"old", key(), certificate(), None, builder.build(PASSPHRASE.encode())
    )


@pytest.mark.parametrize(
    ("content", "passphrase"),
    [
        row(141, "good", pfx(), PASSPHRASE),
        row(141, "with-chain", pfx(others=2), PASSPHRASE),
        row(141, "passphrase-of-bytes", pfx(), PASSPHRASE.encode()),
        row(141, "legacy-3des", _triple_des(), PASSPHRASE),
        row(141, "no-password", pfx(None), None),
        row(141, "empty-password", pfx(None), ""),
    ],
)
def test_a_pfx_with_key_and_certificate_is_good(
    content: bytes, passphrase: Any, tmp_path: Path
) -> None:
    """An old cipher and no password included; the file is read once, by the constructor."""
    path = tmp_path / "app.pfx"
    path.write_bytes(content)
    line = Line()
    app = app_of(line, {"private_key_pfx_path": path, "passphrase": passphrase})
    path.unlink()
    app.acquire_token_for_client([GRAPH])
    assert line.forms[0]["client_assertion"].count(".") == 2


def test_row141_a_cipher_that_is_not_supported_is_the_files_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as RC2 with 40 bits, where the machine's cryptography is without it."""

    def unsupported(*_: object) -> None:
        raise UnsupportedAlgorithm("RC2-40-CBC")

    monkeypatch.setattr(pkcs12, "load_key_and_certificates", unsupported)
    path = tmp_path / "app.pfx"
    path.write_bytes(b"x")
    error = _refused({"private_key_pfx_path": str(path), "passphrase": PASSPHRASE})
    assert error.code == "unreadable_pfx"


def _missing(folder: Path) -> Path:
    return folder / "missing.pfx"


def _below_a_file(folder: Path) -> Path:
    (folder / "file").write_bytes(b"")
    return folder / "file" / "app.pfx"


def _link_to_itself(folder: Path) -> Path:
    (folder / "loop").symlink_to(folder / "loop")
    return folder / "loop"


@pytest.mark.parametrize(
    ("make", "number"),
    [
        row(141, "missing", _missing, errno.ENOENT),
        row(141, "directory", Path, errno.EISDIR),
        row(141, "below-a-file", _below_a_file, errno.ENOTDIR),
        row(141, "link-to-itself", _link_to_itself, errno.ELOOP),
    ],
)
def test_a_file_that_cannot_be_read_keeps_its_number(
    make: Callable[[Path], Path], number: int, tmp_path: Path
) -> None:
    """The operating system's own error passes, with the path."""
    path = make(tmp_path)
    line = Line()
    with pytest.raises(OSError) as caught:
        app_of(line, {"private_key_pfx_path": str(path)})
    assert (caught.value.errno, caught.value.filename) == (number, str(path))
    assert line.asked == []


def test_row141_an_unreadable_file_keeps_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may read everything is played to be somebody else."""

    def denied(self: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(PermissionError) as caught:
        app_of(Line(), {"private_key_pfx_path": str(tmp_path / "app.pfx")})
    assert caught.value.errno == errno.EACCES


def test_row141_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A hundred megabytes are no key."""
    path = tmp_path / "huge.pfx"
    with path.open("wb") as file:
        file.truncate(100 << 20)
    assert _refused({"private_key_pfx_path": str(path)}).code == "key_file_too_large"

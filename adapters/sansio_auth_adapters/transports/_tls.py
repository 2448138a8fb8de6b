"""What MSAL's `verify` means, and the TLS context that it makes.

Knows the environment's certificates. Refuses to know sockets; `ssl` is loaded when a context is
made.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast
from weakref import WeakValueDictionary

from sansio_auth.errors import ConfigurationError
from sansio_auth_adapters import ambient

if TYPE_CHECKING:
    import ssl

__all__ = ["checked_verify", "shared_context", "tls_context", "warn_of"]

#: Contexts by what they are made of, for as long as somebody uses them.
_shared: Final[WeakValueDictionary[tuple[object, ...], ssl.SSLContext]] = WeakValueDictionary()


def checked_verify(verify: object) -> bool | str:
    """Return `verify` as a bool or a path that exists; raises `ConfigurationError`."""
    if isinstance(verify, bool):
        return verify
    if not isinstance(verify, str | os.PathLike):
        raise ConfigurationError("verify: True, False or a path is needed", code="verify")
    path = str(Path(cast("str | os.PathLike[str]", verify)).expanduser())
    if not Path(path).exists():
        raise ConfigurationError(f"verify: {path} does not exist", code="verify")
    try:
        _ = shared_context(path)
    except OSError as error:
        raise ConfigurationError(f"verify: {path} holds no certificates", code="verify") from error
    return path


def warn_of(verify: bool | str) -> None:  # noqa: FBT001 - requests' argument
    """Warn where nothing is verified, as urllib3 does for its own connections."""
    if verify is False:
        from urllib3.exceptions import InsecureRequestWarning

        warnings.warn(
            "verify=False: whoever answers is taken for the identity provider",
            InsecureRequestWarning,
            stacklevel=2,
        )


def tls_context(verify: bool | str) -> ssl.SSLContext:  # noqa: FBT001 - requests' argument
    """Return the context of all connections; raises `OSError` for an unreadable file."""
    import ssl

    if verify is False:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    path = (
        verify
        if isinstance(verify, str)
        else os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    )
    if path:
        folder = Path(path).is_dir()
        return ssl.create_default_context(
            cafile=None if folder else path, capath=path if folder else None
        )
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"] and not ssl.get_default_verify_paths().capath:
        _add_certifi(context)
    return context


def shared_context(verify: bool | str) -> ssl.SSLContext:  # noqa: FBT001 - requests' argument
    """Return the context that this process's transports share while its files stay as they are.

    Reading a system's certificates takes longer than several token requests. A child process has
    its own: a thread of its parent may have been verifying when it was born.
    """
    import ssl

    system = ssl.get_default_verify_paths()
    bundles = (os.environ.get("REQUESTS_CA_BUNDLE"), os.environ.get("CURL_CA_BUNDLE"))
    files = (verify if isinstance(verify, str) else None, *bundles, system.cafile, system.capath)
    key = (os.getpid(), verify, *((file, _stamp(file)) for file in files))
    if (kept := _shared.get(key)) is not None:
        return kept
    return _shared.setdefault(key, tls_context(verify))


def _stamp(file: str | None) -> object:
    try:
        return ambient.file_stamp(file) if file else None
    except OSError:
        return None  # what that means is `tls_context`'s to say


def _add_certifi(context: ssl.SSLContext) -> None:
    """Trust certifi's certificates where it is installed: some systems bring none."""
    try:
        from certifi import where
    except ImportError:
        return
    context.load_verify_locations(where())

"""The simulated tenant behind HTTPS on loopback, with certificates that are thrown away after.

For end-to-end runs of anything that speaks to Entra ID: this library, another one, a whole
application. What is answered is decided by `sansio_auth.testing`; here are the socket, the
threads, the clock and the certificates.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Self, cast
from urllib.parse import parse_qsl, urlsplit

from attrs import evolve, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sansio_auth.testing import Tenant, handle
from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters import ambient

__all__ = ["Exchange", "TenantServer"]

_MAX_BODY: Final = 1 << 20
_FORM: Final = "application/x-www-form-urlencoded"
_ONE_DAY: Final = dt.timedelta(days=1)
_IDLE_SECONDS: Final = 30


@frozen
class Exchange:
    """One request that arrived and its response; `seconds` is how long the answer took to make."""

    request: HttpRequest
    response: HttpResponse
    seconds: float


class TenantServer:
    """Serves a tenant on a free port of 127.0.0.1 for the length of a `with` block.

    The tenant is told that it lives at `https://localhost:<port>`, which is what `authority` says,
    unless `keep_origin` is set: then whoever connects must find the way, and the certificate names
    the tenant's own hosts. `ca_path` is a PEM file to verify with. `tenant` is its state now,
    and may be set; `exchanges` is what has arrived.
    """

    def __init__(self, tenant: Tenant, *, keep_origin: bool = False) -> None:
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []
        self._folder = tempfile.mkdtemp(prefix="sansio-auth-")
        self._server = _Server(self.answer)
        self._server.socket = self._tls(tenant).wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port: Final = int(self._server.server_address[1])
        self.tenant = (
            tenant if keep_origin else evolve(tenant, origin=f"https://localhost:{self.port}")
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def authority(self) -> str:
        """The authority's URL for an application's configuration."""
        return self.tenant.authority

    @property
    def ca_path(self) -> str:
        """The path of the certificate authority's PEM file, for `verify`."""
        return str(Path(self._folder) / "ca.pem")

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What has arrived so far, in order."""
        with self._lock:
            return tuple(self._exchanges)

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Let the tenant answer one request."""
        began = time.perf_counter()
        with self._lock:
            self.tenant, response = handle(self.tenant, request, ambient.now())
            taken = time.perf_counter() - began
            self._exchanges.append(Exchange(request, response, taken))
        return response

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        shutil.rmtree(self._folder)

    def _tls(self, tenant: Tenant) -> ssl.SSLContext:
        hosts = {urlsplit(f"//{host}").hostname or host for host in tenant.hosts}
        own = urlsplit(tenant.origin).hostname
        names = sorted({"localhost", own or "localhost", *hosts})
        folder = Path(self._folder)
        _write_certificates(folder, names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        return context


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self.answer = answer
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: a client that hangs up or distrusts the certificate is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float | None] = _IDLE_SECONDS
    #: The response goes out in one packet, so that no delayed acknowledgement is waited for.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer(HttpRequest("GET", self._url(), headers=self._headers()))

    def do_POST(self) -> None:
        """Answer a POST, whose body is a form or nothing that a tenant understands."""
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(min(length, _MAX_BODY)).decode("utf-8", "replace")
        is_form = self.headers.get_content_type() == _FORM
        form = tuple(parse_qsl(body, keep_blank_values=True)) if is_form else ()
        self._answer(HttpRequest("POST", self._url(), headers=self._headers(), form=form))

    def _url(self) -> str:
        return f"https://{self.headers.get('Host', '')}{self.path}"

    def _headers(self) -> tuple[tuple[str, str], ...]:
        return tuple((name.lower(), value) for name, value in self.headers.items())

    def _answer(self, request: HttpRequest) -> None:
        response = cast("_Server", self.server).answer(request)
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        _ = self.wfile.write(response.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Log nothing: `exchanges` tells what arrived."""


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _certificate(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    at = dt.datetime.fromtimestamp(ambient.now(), tz=dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _ONE_DAY)
        .not_valid_after(at + _ONE_DAY)
    )


def _write_certificates(folder: Path, names: list[str]) -> None:
    """Write `ca.pem`, and `server.pem` with key and certificate for these host names."""
    authority = "A certificate authority to be thrown away"
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = (
        _certificate(authority, authority, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False
        )
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    addresses = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    leaf = (
        _certificate(names[0], authority, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([addresses, *(x509.DNSName(name) for name in names)]),
            critical=False,
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _ = (folder / "ca.pem").write_bytes(ca.public_bytes(Encoding.PEM))
    _ = (folder / "server.pem").write_bytes(private + leaf.public_bytes(Encoding.PEM))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

"""placeholder"""

from __future__ import annotations

from collections.abc import Mapping

from sansio_auth.errors import TransportError
from sansio_auth.wire import HttpRequest, HttpResponse


class HttpClientTransport:
    def __init__(self, client, extra: Mapping[str, object] | None = None):
        self.client = client
        self.extra = dict(extra or {})

    def with_options(self, options):
        return HttpClientTransport(self.client, {**self.extra, **options})

    def send(self, request: HttpRequest) -> HttpResponse:
        extra = dict(self.extra)
        post = extra.pop("post", None) or self.client.post
        try:
            if request.method == "POST":
                r = post(
                    request.url,
                    params=dict(request.query),
                    data=dict(request.form or ()),
                    headers=dict(request.headers),
                    **extra,
                )
            else:
                r = self.client.get(
                    request.url, params=dict(request.query), headers=dict(request.headers), **extra
                )
        except Exception as e:
            raise TransportError("x", kind="unknown") from e
        return HttpResponse(
            r.status_code,
            tuple((str(k), str(v)) for k, v in dict(getattr(r, "headers", None) or {}).items()),
            r.text.encode(),
        )

    def close(self):
        if hasattr(self.client, "close"):
            self.client.close()

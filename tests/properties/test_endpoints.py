"""Where secrets may go, in any world: I-4."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from attrs import define, evolve, field
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sansio_auth import (
    HttpResponse,
    Load,
    Outcome,
    Policy,
    Save,
    SendHttp,
    parse_authority,
)
from sansio_auth.effects import AnyEffect
from sansio_auth.flow import Flow
from sansio_auth.partition import KnowledgeKey
from sansio_auth.wire import HttpRequest
from sansio_auth_adapters.stores.knowledge import ENTRY, KnowledgeStore
from tests.properties.worlds import (
    ANSWERS,
    CALLS,
    CREDENTIALS,
    GUID,
    HOST,
    PLANTED,
    AnyWorld,
    client,
    good_token,
)

_QUICK: Final = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
_PRIVATE: Final = "login.contoso.example"
_TRUSTED: Final = "sts.contoso.example"
#: For every authority that is tried: the hosts that it may send a credential to.
_ALLOWED: Final = {
    f"https://{HOST}/{GUID}": {
        HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net",
    },
    f"https://{HOST}/contoso.com": {
        HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net",
    },
    f"https://{_PRIVATE}/contoso.com": {_PRIVATE},
    f"https://{_PRIVATE}:8443/contoso.com": {f"{_PRIVATE}:8443"},
    f"https://{_PRIVATE}/adfs": {_PRIVATE},
    f"https://{_PRIVATE}/tfp/contoso.com/b2c_1_x": {_PRIVATE},
}  # fmt: skip
#: Whom a question without a credential may go to as well.
_ASKED: Final = {"login.microsoftonline.com", "169.254.169.254"}

_SCHEMES: Final = st.sampled_from(["https", "https", "https", "http", "HTTPS", "javascript", ""])
_USERS: Final = st.sampled_from(["", "", "", "user@", f"{HOST}@", "a:b@"])
_HOSTS: Final = st.sampled_from(
    [
        HOST, HOST, "login.windows.net", "sts.windows.net", _PRIVATE, _TRUSTED, "evil.example",
        f"{HOST}.evil.example", f"{HOST}.", HOST.upper(), "127.0.0.1", "[::1]", "2130706433",
        "login.m\u0456crosoftonline.com", f"evil-{HOST}", "westus2.login.microsoft.com", "",
        f"evil.example\\@{HOST}", f"evil.example#{HOST}", f"evil.example?{HOST}", f"{HOST}%00.evil",
        f"{HOST}\r\nevil.example", f"\t{HOST}", "westus2.evil.example",
    ]
)  # fmt: skip
_PORTS: Final = st.sampled_from(["", "", "", ":443", ":8443", ":0", ":80", ":x"])
_PATHS: Final = st.sampled_from(
    [f"/{GUID}/oauth2/v2.0/token", "/contoso.com/oauth2/v2.0/token", "/adfs/oauth2/token", "//x",
     "/..", "?dc=a", "#x", ""]
)  # fmt: skip
_URLS: Final = st.builds(
    lambda scheme, user, host, port, path: f"{scheme}://{user}{host}{port}{path}",
    _SCHEMES, _USERS, _HOSTS, _PORTS, _PATHS,
)  # fmt: skip
_MAYBE: Final = _URLS | st.none() | st.text(max_size=5)
_DOCUMENTS: Final = st.fixed_dictionaries(
    {"issuer": _MAYBE, "token_endpoint": _MAYBE, "authorization_endpoint": _MAYBE},
    optional={"tenant_discovery_endpoint": _MAYBE, "device_authorization_endpoint": _MAYBE},
)


def _answer(status: int, document: object, location: str) -> HttpResponse:
    headers = (("Location", location),) if location.isprintable() and location.isascii() else ()
    return HttpResponse(status, headers, json.dumps(document).encode())


#: What misleads: documents that name any address, redirects, machines that name any region.
_MISLEADING: Final = st.builds(
    _answer,
    st.sampled_from([200, 200, 200, 301, 302, 307, 308, 400, 401, 404]),
    _DOCUMENTS
    | st.builds(lambda it: {"location": it}, st.sampled_from(["westus2", "evil.example/"])),
    _URLS,
)
_KNOWN: Final = st.fixed_dictionaries(
    {
        "found_at": st.sampled_from([1_700_000_000.0, 1_699_999_000.0, 0]),
        "endpoints": st.fixed_dictionaries(
            {"token": _URLS, "authorization": _URLS,
             "realm": st.sampled_from([GUID, "contoso.com", "adfs", "", ".."])},
        ),
    },
    optional={
        "region": st.sampled_from(["westus2", "evil.example", "a/b", "", None, "evil.example#"]),
        "holds": st.just({}),
    },
)  # fmt: skip


@define
class _Misled(AnyWorld):
    """A world that keeps what it knows in an object which somebody else can write."""

    http_cache: dict[str, Any] = field(factory=dict[str, Any])
    trusted: frozenset[str] = frozenset()

    def answer(self, effect: AnyEffect) -> Any:
        """Answer about authorities from that object, everything else as ever."""
        store = KnowledgeStore(self.http_cache, trusted_hosts=self.trusted)
        match effect:
            case Load(key=KnowledgeKey() as key):
                return store.load(key)
            case Save(changes=changes) if isinstance(changes[0][0], KnowledgeKey):
                return store.save(changes)
            case _:
                return super().answer(effect)


def _requests(flow: Flow[Outcome]) -> Iterator[HttpRequest]:
    for step in flow.transcript.steps:
        if isinstance(step.effect, SendHttp):
            yield step.effect.request


_URL_OF = st.sampled_from(sorted(_ALLOWED))


@_QUICK
@given(
    st.sampled_from(sorted(CALLS)), st.sampled_from(sorted(CREDENTIALS)), _URL_OF,
    st.sampled_from([None, "westus2"]), st.booleans(), st.booleans(),
    st.lists(_MISLEADING, max_size=4), _KNOWN,
)  # fmt: skip
@example(
    "client credentials", "secret", f"https://{_PRIVATE}/contoso.com", None, False, False, [],
    {"found_at": 1_700_000_000.0, "endpoints": {
        "token": "https://evil.example/contoso.com/oauth2/v2.0/token",
        "authorization": f"https://{_PRIVATE}/x", "realm": "contoso.com"}},
)  # fmt: skip
def test_a_credential_goes_to_a_host_that_was_configured(
    kind: str, credential: str, url: str, region: str | None, find: bool, trusting: bool,
    answers: list[HttpResponse], known: dict[str, Any],
) -> None:  # fmt: skip
    """I-4: whatever discovery, the machine, a redirect or a poisoned `http_cache` says."""
    trusted = frozenset({_TRUSTED}) if trusting else frozenset[str]()
    asking = evolve(
        client(credential), authority=parse_authority(url), region=region, find_region=find,
        trusted_hosts=trusted, policy=Policy(retries=0),
    )  # fmt: skip
    world = _Misled([*answers, good_token()], trusted=trusted)
    world.http_cache[ENTRY] = json.dumps({url: known})
    call = CALLS[kind](asking)
    for request in (it for _ in range(2) for it in _requests(world.play(call))):
        _check(request, _ALLOWED[url] | trusted)


def _check(request: HttpRequest, allowed: set[str]) -> None:
    parts = urlsplit(request.url)
    regional = {f"{it}.{host}" for it in ("westus2",) for host in (*allowed, "login.microsoft.com")}
    if request.form is not None:
        assert parts.scheme == "https"
        assert parts.username is None
        port = "" if parts.port in {None, 443} else f":{parts.port}"
        assert f"{parts.hostname}".rstrip(".") + port in allowed | regional, parts.netloc
    else:
        assert parts.netloc in allowed | _ASKED, parts.netloc
        assert parts.scheme == "https" or parts.netloc == "169.254.169.254"
    beside = unquote(request.target) + repr(request.headers)
    for name, planted in PLANTED.items():
        assert planted not in beside, name


_REGIONS: Final = st.sampled_from(
    ["westus2", "evil.example", "evil.example/", "a/b", "a@b", "evil.example#", "evil\\", "-", ""]
) | st.text("ab.-/@:#?%", max_size=8)


@_QUICK
@given(st.sampled_from(sorted(CREDENTIALS)), _REGIONS, st.booleans())
@example("secret", "evil.example/", True)
@example("secret", "evil.example/", False)
def test_a_region_is_a_part_of_microsofts_host_or_none(
    credential: str, region: str, remembered: bool
) -> None:
    """I-4: whoever named it, the machine or an `http_cache` that somebody else wrote."""
    url = f"https://{HOST}/{GUID}"
    asking = client(credential, find_region=True)
    machine = HttpResponse(200, (), json.dumps({"location": region}).encode())
    world = _Misled([good_token()] if remembered else [machine, good_token()])
    if remembered:
        world.http_cache[ENTRY] = json.dumps({url: {"region": region, "holds": {}}})
    flow = world.play(CALLS["client credentials"](asking))
    posted = [urlsplit(it.url).netloc for it in _requests(flow) if it.form is not None]
    label = re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", region) is not None
    twin = {f"{region}.login.microsoft.com"} if label else set[str]()
    assert set(posted) <= {HOST, *twin}


@_QUICK
@given(st.sampled_from(sorted(CALLS)), st.sampled_from(sorted(CREDENTIALS)), ANSWERS)
def test_no_answer_makes_a_request_leave_the_authority(
    kind: str, credential: str, answers: list[Any]
) -> None:
    """I-4: of all that a server may say nothing is followed."""
    url = f"https://{HOST}/contoso.com"
    asking = evolve(client(credential), authority=parse_authority(url))
    for request in _requests(AnyWorld(list(answers)).play(CALLS[kind](asking))):
        _check(request, _ALLOWED[url])

"""Section C: what a region may be called, who is asked for it, and when it is out of order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from sansio_auth import AccessToken, ConfigurationError, Failure, HttpResponse
from sansio_auth.testing import World, example_tenant
from tests.faults.aids import GRAPH, Line, app_of, client_of, gets, posts
from tests.faults.rows import row

_CENTRAL = "login.microsoftonline.com"
_REGIONAL = "westus2.login.microsoft.com"


def _world(**more: Any) -> World:
    return World(evolve(example_tenant(), hosts=frozenset({_REGIONAL}), **more))


def _hosts(urls: list[str]) -> list[str]:
    return [url.split("/")[2] for url in urls]


_NO_REGIONS = [
    row(110, "capitals", "EastUS"),
    row(110, "space", "east us"),
    row(110, "a-host", "fake.com/x"),
    row(110, "a-dot", "evil.example"),
    row(110, "leading-hyphen", "-a"),
    row(110, "trailing-hyphen", "a-"),
    row(110, "64-characters", "a" * 64),
    row(110, "unicode", "\u0435astus"),
    row(110, "line-break", "eastus\n"),
    row(110, "user", "a@b"),
]


@pytest.mark.parametrize(
    "region", [*_NO_REGIONS, row(110, "empty", ""), row(110, "5", 5), row(110, "list", ["a"])]
)
def test_a_callers_region_is_one_label(region: Any) -> None:
    """Anything else is refused when the application is made."""
    line = Line()
    with pytest.raises(ConfigurationError, match="azure_region"):
        app_of(line, azure_region=region)
    assert line.asked == []


@pytest.mark.parametrize(
    "region", [row(110, "label", "westus2"), row(110, "1", "a"), row(110, "63", "a" * 63)]
)
def test_a_label_is_a_region(region: str) -> None:
    """As short and as long as a label may be."""
    assert client_of(region=region).region == region


@pytest.mark.parametrize(
    ("region", "asked"), [row(110, "true", True, 1), row(110, "none", None, 0)]
)
def test_true_asks_the_machine_and_none_does_not(
    region: bool | None, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the environment says nothing."""
    for name in ("MSAL_FORCE_REGION", "REGION_NAME"):
        monkeypatch.delenv(name, raising=False)
    line = Line(tenant=evolve(example_tenant(), hosts=frozenset({_REGIONAL}), region="westus2"))
    _ = app_of(line, azure_region=region).acquire_token_for_client([GRAPH])
    assert [method for method, _, _ in line.asked] == ["GET"] * asked + ["POST"]


@pytest.mark.parametrize("region", _NO_REGIONS)
def test_an_environments_bad_region_is_none(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The central endpoint is asked, and the machine is not."""
    monkeypatch.delenv("MSAL_FORCE_REGION", raising=False)
    monkeypatch.setenv("REGION_NAME", region)
    line = Line()
    assert app_of(line, azure_region=True).acquire_token_for_client([GRAPH])["access_token"]
    assert line.hosts == {_CENTRAL}


@pytest.mark.parametrize("region", _NO_REGIONS)
def test_a_machines_bad_region_is_none(region: str) -> None:
    """The central endpoint is asked, with a warning."""
    world = _world()
    world.faults = [HttpResponse(200, body=json.dumps({"location": region}).encode())]
    call = client_of(find_region=True).acquire_token_for_client([GRAPH])
    outcome = world.play(call).result
    assert isinstance(outcome, AccessToken)
    assert "region_unknown" in outcome.metadata.warnings
    assert _hosts(posts(world)) == [_CENTRAL]


@pytest.mark.parametrize("find", [row(111, "alone", False), row(111, "and-find", True)])
def test_a_region_that_is_named_is_not_looked_for(find: bool) -> None:
    """The machine's metadata service hears nothing."""
    world = _world(region="eastus")
    call = client_of(region="westus2", find_region=find).acquire_token_for_client([GRAPH])
    assert isinstance(world.play(call).result, AccessToken)
    assert gets(world) == []
    assert _hosts(posts(world)) == [_REGIONAL]


@pytest.mark.parametrize(
    "answer",
    [
        row(112, "hangs", Failure("timeout")),
        row(112, "no-route", Failure("connect", sent=False)),
        row(112, "404", HttpResponse(404)),
        row(112, "500", HttpResponse(500)),
        row(112, "html", HttpResponse(200, body=b"<html>")),
        row(112, "no-location", HttpResponse(200, body=b'{"name":"vm"}')),
        row(112, "location-null", HttpResponse(200, body=b'{"location":null}')),
        row(112, "list", HttpResponse(200, body=b'["westus2"]')),
        row(112, "empty", HttpResponse(200)),
        row(112, "huge", Failure("body_too_large")),
        row(112, "huge-location", HttpResponse(200, body=b'{"location":"%b"}' % (b"a" * 60_000))),
        row(112, "redirect", HttpResponse(302, (("Location", "https://evil.example"),))),
        row(112, "proxy", Failure("proxy")),
    ],
)
def test_a_machine_that_says_nothing_useful_is_asked_once(answer: Any) -> None:
    """For two seconds at most, past any proxy; that there is no answer is remembered."""
    world = _world(region="westus2")
    world.faults = [answer]
    client = client_of(find_region=True)
    outcome = world.play(client.acquire_token_for_client([GRAPH])).result
    assert isinstance(outcome, AccessToken)
    assert "region_unknown" in outcome.metadata.warnings
    (asked, _), *_ = world.exchanges
    assert asked.direct
    assert asked.timeout <= 2.0
    assert asked.max_bytes <= 65_536
    again = world.play(client.acquire_token_for_client(["api://orders/.default"])).result
    assert isinstance(again, AccessToken)
    assert len(gets(world)) == 1
    assert _hosts(posts(world)) == [_CENTRAL] * 2


@pytest.mark.parametrize(
    "fault",
    [
        row(113, "no-route", Failure("connect", sent=False)),
        row(113, "no-tls", Failure("tls")),
        row(113, "too-slow", Failure("timeout")),
        row(113, "cut-off", Failure("incomplete")),
        row(113, "500", HttpResponse(500)),
        row(113, "503", HttpResponse(503)),
    ],
)
def test_a_region_that_is_down_is_passed_over(fault: Any) -> None:
    """After one failure, which the outcome tells of."""
    world = _world()
    world.faults = [fault]
    call = client_of(region="westus2").acquire_token_for_client([GRAPH])
    outcome = world.play(call).result
    assert isinstance(outcome, AccessToken)
    assert "region_failed" in outcome.metadata.warnings
    assert _hosts(posts(world)) == [_REGIONAL, _CENTRAL]

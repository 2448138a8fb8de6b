"""Arguments that cannot be: who refuses them, and with what kind of exception."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from tests.parity.scenario import (
    CLIENT,
    GRAPH,
    USUAL,
    PerRun,
    Scenario,
    Step,
    for_client,
    on_behalf_of,
    token,
)

__all__ = ["SCENARIOS"]

_COMPUTED: Final = frozenset({"endpoints-computed"})
_EARLY: Final = frozenset({"arguments-first"})


def _computed(*names: str) -> frozenset[str]:
    return _COMPUTED | set(names)


def _by_position() -> Step:
    return evolve(for_client(token()), arguments=([GRAPH], None, "p/q"))


def _app(name: str, differences: frozenset[str] = frozenset(), **app: object) -> Scenario:
    return Scenario(name=name, app=app, steps=(), differences=differences)


def _call(name: str, differences: frozenset[str] = _COMPUTED, **keywords: object) -> Scenario:
    scopes = keywords.pop("scopes", (GRAPH,))
    step = evolve(for_client(token(), scopes=scopes), keywords=keywords)
    return Scenario(
        name=name,
        steps=(step,),
        differences=differences,
    )


SCENARIOS: Final = (
    _app("excluded scopes must be a list", exclude_scopes="offline_access"),
    _app("openid cannot be excluded", exclude_scopes=["openid"]),
    _app("an authority over plain http is refused", authority="http://login.microsoftonline.com/x"),
    _app("an authority without a tenant is refused", authority="https://login.microsoftonline.com"),
    _app(
        "authority and oidc_authority exclude each other",
        oidc_authority="https://login.contoso.com/tenant",
    ),
    _app("a region that is no DNS label is refused", azure_region="West US 2"),
    _app("there is no broker for a confidential client", _EARLY, allow_broker=True),
    _app("an empty credential dict is refused", _EARLY, client_credential={}),
    _app(
        "a private key without thumbprint and certificate is refused",
        _EARLY,
        client_credential=PerRun(lambda run: {"private_key": run.keys.private_pem}),
    ),
    _app(
        "a thumbprint that is not hexadecimal is refused",
        _EARLY,
        client_credential=PerRun(
            lambda run: {"private_key": run.keys.private_pem, "thumbprint": "not hexadecimal"}
        ),
    ),
    _app(
        "a PFX with the wrong passphrase is refused",
        _EARLY,
        client_credential=PerRun(
            lambda run: {"private_key_pfx_path": run.keys.pfx, "passphrase": "wrong"}
        ),
    ),
    _app(
        "a PFX that is not there is refused",
        _EARLY,
        client_credential=PerRun(lambda run: {"private_key_pfx_path": run.keys.pfx + ".gone"}),
    ),
    _app(
        "an encrypted key with the wrong passphrase is refused",
        _EARLY,
        client_credential=PerRun(
            lambda run: {
                "private_key": run.keys.encrypted_pem,
                "thumbprint": run.keys.sha1,
                "passphrase": "wrong",
            }
        ),
    ),
    _call("force_refresh is refused for an app token", force_refresh=True),
    _call("force_refresh=False is no refusal", USUAL, force_refresh=False),
    _call("a managed identity path must be text", fmi_path=7),
    _call("forwarded claims must be text", forwarded_client_claims={"a": 1}),
    _call("forwarded claims must be a JSON object", forwarded_client_claims="[1]"),
    _call("one scope as text is refused", _computed("scopes-type"), scopes=GRAPH),
    _call("an app's scopes may be a set", _computed("scopes-type"), scopes={GRAPH}),
    _call(
        "no scope at all is refused",
        _computed("scopes-needed"),
        scopes=(),
    ),
    _call(
        "two resources at once are refused",
        _computed("one-resource"),
        scopes=(GRAPH, "https://vault.azure.net/.default"),
    ),
    _call(
        "a field that the library sets cannot be replaced",
        _computed("fields-protected"),
        data={"client_id": "another"},
    ),
    _call("there is no authentication scheme of a broker", auth_scheme="pop"),
    _call("an authority as a keyword is warned of", USUAL, authority="https://elsewhere.test/x"),
    Scenario(
        name="a managed identity path may be given by position",
        steps=(_by_position(),),
    ),
    _call("headers cannot be given", headers={"X": "y"}),
    _call("a correlation id may be given", _computed("correlation-id"), correlation_id="x"),
    Scenario(
        name="a challenge that is no JSON is refused where capabilities have to be merged",
        app={"client_capabilities": ["CP1"]},
        steps=(for_client(token(), claims_challenge="no JSON"),),
        differences=_COMPUTED,
    ),
    Scenario(
        name="a challenge that is no JSON is refused without capabilities too",
        steps=(for_client(token(), claims_challenge="no JSON"),),
        differences=_computed("claims-checked"),
    ),
    Scenario(
        name="a challenge whose access token is null says nothing",
        app={"client_capabilities": ["CP1"]},
        steps=(for_client(token(), claims_challenge='{"access_token": null}'),),
        differences=_computed("claims-null"),
    ),
    Scenario(
        name="no credential is no confidential client",
        positional=(CLIENT,),
        app={"client_credential": None},
        steps=(for_client(token()),),
        differences=frozenset({"credential-needed"}),
    ),
    Scenario(
        name="an empty secret is no credential",
        app={"client_credential": ""},
        steps=(for_client(token()),),
        differences=frozenset({"credential-needed"}),
    ),
    Scenario(
        name="capabilities are a list",
        app={"client_capabilities": "CP1"},
        steps=(for_client(token()),),
        differences=frozenset({"capabilities-list"}),
    ),
    Scenario(
        name="an app name with a line break",
        app={"app_name": "name\r\nX-More: y"},
        steps=(for_client(token()),),
        differences=frozenset({"header-safe"}),
    ),
    Scenario(
        name="an empty user assertion is not sent",
        steps=(on_behalf_of(token(), assertion=""),),
        differences=_computed("assertion-needed"),
    ),
    Scenario(
        name="no user assertion is not sent",
        steps=(on_behalf_of(token(), assertion=None),),
        differences=_computed("assertion-needed"),
    ),
    Scenario(
        name="a user assertion is the token alone",
        steps=(on_behalf_of(token(), assertion="Bearer user.assertion.one"),),
        differences=_computed("assertion-without-bearer"),
    ),
    Scenario(
        name="reserved scopes cannot be asked for on behalf of a user",
        steps=(on_behalf_of(token(), scopes=("User.Read", "offline_access")),),
        differences=_COMPUTED,
    ),
    Scenario(
        name="scopes of a user must be a collection",
        steps=(on_behalf_of(token(), scopes="User.Read"),),
        differences=_COMPUTED,
    ),
)

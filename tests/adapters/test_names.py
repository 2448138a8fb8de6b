"""What callers of MSAL import beside its application."""

from __future__ import annotations

import subprocess
import sys
from unittest import mock

import msal  # type: ignore[import-untyped]  # it ships no types
import msal.authority as theirs  # type: ignore[import-untyped]
import pytest

import sansio_auth_adapters
from sansio_auth import ConfigurationError
from sansio_auth_adapters import (
    AuthorityBuilder,
    AutoRefresher,
    ConfidentialClientApplication,
    Prompt,
    ambient,
)


def test_every_name_that_is_offered_is_there() -> None:
    """And documented where it is made; no other is."""
    for name in sansio_auth_adapters.__all__:
        assert getattr(sansio_auth_adapters, name) is not None
        assert name in dir(sansio_auth_adapters)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = sansio_auth_adapters.nonsense


def test_the_hosts_are_msals() -> None:
    """By the names that msal gives them."""
    for name in ("AZURE_PUBLIC", "AZURE_US_GOVERNMENT", "AZURE_GOV_FR", "AZURE_GOV_DE"):
        assert getattr(sansio_auth_adapters, name) == getattr(theirs, name)


@pytest.mark.parametrize(("instance", "tenant"), [("h.example", "t"), ("h.example/", "/t/")])
def test_an_authority_is_built_as_msal_builds_it(instance: str, tenant: str) -> None:
    """And both libraries' builders are taken."""
    url = str(theirs.AuthorityBuilder(instance, tenant))
    assert str(AuthorityBuilder(instance, tenant)) == url
    for builder in (AuthorityBuilder(instance, tenant), theirs.AuthorityBuilder(instance, tenant)):
        app = ConfidentialClientApplication("c", "s", builder, instance_discovery=False)
        assert app._client.authority.url == url


def test_the_prompts_are_msals() -> None:
    """Constant by constant."""
    for name in ("NONE", "LOGIN", "CONSENT", "SELECT_ACCOUNT", "CREATE"):
        assert getattr(Prompt, name) == getattr(msal.Prompt, name)


def test_the_constants_of_the_application_are_msals() -> None:
    """Every one that msal's class has."""
    for name in dir(msal.ConfidentialClientApplication):
        if name.isupper() and not name.startswith("_") and name != "REMOVE_ACCOUNT_ID":
            wanted = getattr(msal.ConfidentialClientApplication, name)
            assert getattr(ConfidentialClientApplication, name) == wanted, name


def test_every_public_method_of_msals_is_there() -> None:
    """With the names and the order of its parameters."""
    import inspect

    ours, other = ConfidentialClientApplication, msal.ConfidentialClientApplication
    for name, method in inspect.getmembers(other, inspect.isfunction):
        if name.startswith("_") and name != "__init__":
            continue
        mine = inspect.signature(getattr(ours, name)).parameters
        for position, parameter in enumerate(inspect.signature(method).parameters.values()):
            if parameter.kind is parameter.VAR_KEYWORD:
                assert any(it.kind is it.VAR_KEYWORD for it in mine.values()), name
            elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
                same = list(mine)[position : position + 1] == [parameter.name]
                assert same or parameter.name in _BY_KEYWORD, f"{name}({parameter.name})"


#: Parameters of msal's that are taken by keyword alone here; nobody passes so many by position.
_BY_KEYWORD = {"forwarded_client_claims", "auth_scheme", "self"}


def test_an_assertion_is_kept_until_it_is_due() -> None:
    """And made anew when the clock was set back."""
    made = iter("abcd")
    refresher = AutoRefresher(lambda: next(made), expires_in=10)
    with mock.patch.object(ambient, "now") as clock:
        told = []
        for clock.return_value in (100.0, 109.9, 110.0, 119.0, 50.0):
            told.append(refresher())
    assert told == ["a", "a", "b", "b", "c"]
    assert "a" not in repr(refresher).replace("AutoRefresher", "")


def test_a_factory_must_be_callable() -> None:
    """Or there is nothing to call."""
    with pytest.raises(ConfigurationError, match="factory"):
        AutoRefresher("a.b.c")  # type: ignore[arg-type]


@pytest.mark.parametrize("use", ["", "ConfidentialClientApplication", "SerializableTokenCache"])
def test_nothing_optional_is_loaded_before_it_is_needed(use: str) -> None:
    """Neither urllib3 nor TLS nor cryptography, before a request is made."""
    program = (
        "import sys, sansio_auth_adapters as it\n"
        f"{'it.' + use if use else ''}\n"
        "heavy = {'jwt', 'cryptography', 'urllib3', 'ssl', 'asyncio', 'requests', 'msal'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"

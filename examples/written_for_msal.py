"""A server-side program as it is written for MSAL; its import line is all that is ours.

Three parts: a daemon's own token, a web API that acts for its caller, and a web application where
users sign in, are remembered in a file and sign out. Run it: a tenant is simulated in this process
and served over HTTPS on loopback. `tests/docs/test_written_for_msal.py` runs the same text with
`from msal import` in that line.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from sansio_auth_adapters import ConfidentialClientApplication, SerializableTokenCache

WEB_API = "6731de76-14a6-49ae-97bc-6eba6914391e"
SECRET = "the-application's-secret"
REDIRECT = "http://localhost:5000/getAToken"


def daemon(settings):
    """A service's own token, asked for as often as one likes."""
    app = ConfidentialClientApplication(WEB_API, client_credential=SECRET, **settings)
    scopes = ["https://graph.microsoft.com/.default"]
    first = app.acquire_token_for_client(scopes=scopes)
    second = app.acquire_token_for_client(scopes=scopes)
    refused = app.acquire_token_for_client(scopes=["api://nobody-exposes-this/.default"])
    return [first["token_source"], second["token_source"], refused["error"]]


def web_api(settings, incoming_token):
    """A web API that passes its caller's identity on."""
    app = ConfidentialClientApplication(WEB_API, client_credential=SECRET, **settings)
    scopes = ["https://graph.microsoft.com/User.Read"]
    result = app.acquire_token_on_behalf_of(incoming_token, scopes)
    if "access_token" not in result:
        return result["error"]
    return result["token_type"]


class WebApplication:
    """Users sign in, come back after a restart, and sign out; the cache is a file."""

    scopes = ["https://graph.microsoft.com/User.Read"]

    def __init__(self, settings, file):
        self.file = Path(file)
        self.cache = SerializableTokenCache()
        if self.file.exists():
            self.cache.deserialize(self.file.read_text())
        self.app = ConfidentialClientApplication(
            WEB_API, client_credential=SECRET, token_cache=self.cache, **settings
        )

    def save(self):
        """Write the cache where it was read, when there is news."""
        if self.cache.has_state_changed:
            descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(self.cache.serialize())

    def sign_in(self, browser):
        """Send the user away and read what they bring back."""
        flow = self.app.initiate_auth_code_flow(
            self.scopes, redirect_uri=REDIRECT, response_mode="form_post"
        )
        result = self.app.acquire_token_by_auth_code_flow(flow, browser(flow["auth_uri"]))
        self.save()
        return result["id_token_claims"]["preferred_username"]

    def token(self):
        """A token for whoever is signed in, None for nobody."""
        accounts = self.app.get_accounts()
        if not accounts:
            return None
        result = self.app.acquire_token_silent(self.scopes, account=accounts[0])
        self.save()
        return result["token_type"]

    def sign_out(self):
        """Forget everybody."""
        for account in self.app.get_accounts():
            self.app.remove_account(account)
        self.save()


def main(settings, browser, incoming_token, file):
    """Do all of it and return what came of it."""
    story = [daemon(settings), web_api(settings, incoming_token)]
    story += [WebApplication(settings, file).sign_in(browser)]
    story += [WebApplication(settings, file).token()]  # after a restart
    WebApplication(settings, file).sign_out()
    story += [WebApplication(settings, file).token()]
    return story


def on_loopback():
    """Run the program against a simulated tenant; returns its story and the text of its file."""
    from sansio_auth.testing import example_tenant, sign_in, user_token
    from sansio_auth_adapters.tenant_server import TenantServer

    with TenantServer(example_tenant()) as server, tempfile.TemporaryDirectory() as folder:

        def browser(auth_uri):
            server.tenant, back = sign_in(server.tenant, auth_uri, "alice@contoso.com", time.time())
            return back

        settings = {
            "authority": server.authority,
            "instance_discovery": False,
            "verify": server.ca_path,
        }
        incoming = user_token(server.tenant, "alice@contoso.com", WEB_API, time.time())
        story = main(settings, browser, incoming, Path(folder) / "cache.json")
        text = (Path(folder) / "cache.json").read_text()
        return story, text, len(server.exchanges)


EXPECTED = [
    ["identity_provider", "cache", "invalid_resource"],
    "Bearer",
    "alice@contoso.com",
    "Bearer",
    None,
]

if __name__ == "__main__":
    told, _, requests = on_loopback()
    for line in told:
        print(line)
    print(f"{requests} requests")
    sys.exit(told != EXPECTED)

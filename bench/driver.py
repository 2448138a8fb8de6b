"""The driver of sansio-auth for a benchmark that knows libraries by `base.Driver`."""
import json
from functools import partial

from benchlib import fixtures as fx

from .base import Driver, app_slot


class Memory:
    """A transport that answers from memory."""

    def __init__(self, idp):
        from sansio_auth import HttpResponse

        self.idp, self.response = idp, HttpResponse
        self.headers = (("content-type", "application/json; charset=utf-8"),)

    def send(self, request):
        status, text = self.idp.handle(request.method, request.url, dict(request.form or ()))
        return self.response(status, self.headers, text.encode())

    def close(self):
        pass


class AsyncMemory(Memory):
    async def send(self, request):
        status, text = await self.idp.ahandle(request.method, request.url, dict(request.form or ()))
        return self.response(status, self.headers, text.encode())

    async def close(self):
        pass


class InTenant:
    """One application, in one of its tenants."""

    def __init__(self, app, tenant):
        self.app, self.tenant = app, tenant


class Ours(Driver):
    name = "ours"
    caps = frozenset("app cert obo obo_cache fill fill_user serialize async loopback".split())
    signs_every_time = True
    import_code = "import sansio_auth"
    first_token_code = """
from sansio_auth_adapters import ConfidentialClientApplication
app = ConfidentialClientApplication(CID, client_credential=SECRET, authority=AUTHORITY, http_client=MsalHttp(IDP))
tok = app.acquire_token_for_client([SCOPE])["access_token"]
"""

    def transport(self, idp):
        return Memory(idp)

    def new_cache(self, serializable=False):
        from sansio_auth_adapters import SerializableTokenCache, TokenCache

        return SerializableTokenCache() if serializable else TokenCache()

    @staticmethod
    def credential(cred):
        if cred.kind == "secret":
            return cred.secret
        if cred.kind == "rs256":
            return {"private_key": cred.key_pem, "thumbprint": fx.sha1_thumbprint()}
        return {"private_key": cred.key_pem, "public_certificate": cred.cert_pem}

    def make_app(self, *, tenant, cred, transport, cache=None, http_cache=None, authority_host=None):
        from sansio_auth_adapters import ConfidentialClientApplication

        return ConfidentialClientApplication(
            fx.CLIENT_ID, client_credential=self.credential(cred),
            authority="https://%s/%s" % (authority_host or fx.HOST, tenant),
            http_client=transport, token_cache=cache, http_cache=http_cache)

    def family(self, cred, transport, cache):
        """One application serves all tenants: `tenant_id` is an argument of the call."""
        app = self.make_app(tenant=fx.TENANT, cred=cred, transport=transport, cache=cache)
        return lambda tenant: InTenant(app, tenant)

    def app_call(self, app, tenant, scopes):
        if isinstance(app, InTenant):
            return partial(app.app.acquire_token_for_client, scopes, tenant_id=app.tenant)
        return partial(app.acquire_token_for_client, scopes)

    def obo_call(self, app, tenant, assertion, scopes):
        return partial(app.acquire_token_on_behalf_of, assertion, scopes)

    def token_of(self, result):
        return result["access_token"]

    def fill_app(self, cache, n, tenants=1):
        for i in range(n):
            t, scope = app_slot(i, tenants)
            tenant = fx.tenant_id(t) if tenants > 1 else fx.TENANT
            cache.add({
                "client_id": fx.CLIENT_ID, "scope": [scope], "environment": fx.HOST,
                "token_endpoint": "https://%s/%s/oauth2/v2.0/token" % (fx.HOST, tenant),
                "grant_type": "client_credentials", "params": None, "data": {},
                "response": json.loads(fx.app_response(i))})

    def fill_user(self, cache, n):
        for i in range(n):
            cache.add({
                "client_id": fx.CLIENT_ID, "scope": [fx.USER_SCOPE], "environment": fx.HOST,
                "token_endpoint": "https://%s/%s/oauth2/v2.0/token" % (fx.HOST, fx.TENANT),
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "params": None, "data": {},
                "response": json.loads(fx.user_response(i))})

    def serialize(self, cache):
        return cache.serialize()

    def deserialize(self, blob):
        cache = self.new_cache(True)
        cache.deserialize(blob)
        return cache

    def make_aio_app(self, *, tenant, cred, idp, cache=None):
        from sansio_auth_adapters import AsyncConfidentialClientApplication

        return AsyncConfidentialClientApplication(
            fx.CLIENT_ID, client_credential=self.credential(cred),
            authority="https://%s/%s" % (fx.HOST, tenant), http_client=AsyncMemory(idp),
            token_cache=cache)

    async def aio_token(self, app, scopes):
        return (await app.acquire_token_for_client(scopes))["access_token"]

    def make_loopback_app(self, base, tenant, cred, ca):
        from sansio_auth_adapters import ConfidentialClientApplication

        return ConfidentialClientApplication(
            fx.CLIENT_ID, client_credential=self.credential(cred),
            authority="%s/%s" % (base, tenant), instance_discovery=False, verify=ca)


DRIVER = Ours

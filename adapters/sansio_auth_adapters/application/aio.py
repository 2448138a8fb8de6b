"""`AsyncConfidentialClientApplication`: the same parameters and methods, awaited.

Rules live in the core and in the plans, which the sync application shares; what is told twice is
how a method hands its arguments over. A token from the cache is found without an event loop.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sansio_auth._later import later
from sansio_auth.errors import FlowError
from sansio_auth.secret import conceal, discreet
from sansio_auth_adapters import ambient
from sansio_auth_adapters.application.async_driving import AwaitedApplication
from sansio_auth_adapters.application.dicts import (
    AccountDict,
    TokenDict,
    account_dict,
)
from sansio_auth_adapters.application.plan import (
    on_behalf_of_plan,
)
from sansio_auth_adapters.application.repeats import whose_calls, whose_silent_calls

if TYPE_CHECKING:
    from sansio_auth_adapters.application import user_plans, views
else:
    user_plans = later("sansio_auth_adapters.application.user_plans")
    views = later("sansio_auth_adapters.application.views")

__all__ = ["AsyncConfidentialClientApplication"]

Challenge = str | Mapping[str, object] | None


class AsyncConfidentialClientApplication(AwaitedApplication):
    """`ConfidentialClientApplication` for code that awaits, on asyncio or trio.

    Every parameter and method is the sync application's, and so is what they return and raise; use
    `async with`, or `await close()`. `http_client` may be of either colour, one that blocks runs
    in worker threads, as the urllib3 transport does where none is given; so does a
    `client_assertion` that is no coroutine function, and a foreign `token_cache`. One application
    may serve several event loops. A task that is cancelled while it asks leaves its request to the
    others who wait for the same token.
    """

    # --- attributes that callers of MSAL read ---------------------------------------------------

    @property
    def authority(self) -> views.AuthorityView:
        """The authority and its endpoints; `FlowError` where `discover` must be awaited first."""
        known = self._known_authority()
        if known is None:
            raise FlowError(
                "the authority's endpoints are not known yet: await discover() first",
                code="undiscovered",
            )
        return known

    @discreet
    async def discover(self) -> views.AuthorityView:
        """Return the authority and its endpoints, which are asked for where they are not known."""
        return self._known_authority() or self._view(await self._do(self._client.discover()))

    @property
    def http_client(self) -> views.AsyncHttpClientView:
        """The caller's own client, as `.http_client`, and a way to close connections."""
        return views.AsyncHttpClientView(self._http_client, self.close)

    # --- for the application itself -------------------------------------------------------------

    async def acquire_token_for_client(
        self,
        scopes: Iterable[str],
        claims_challenge: Challenge = None,
        fmi_path: str | None = None,
        forwarded_client_claims: str | None = None,
        *,
        tenant_id: str | None = None,
        **kwargs: object,
    ) -> TokenDict:
        """Return a token for the application itself, from the cache where one is fresh.

        `scopes` is one resource's `/.default`.
        """
        if claims_challenge is fmi_path is forwarded_client_claims is None and not kwargs:
            found = self._repeats.find(tenant_id, scopes, self._world.clock())
            if found is not None:
                return found
        else:
            kwargs["fmi_path"] = fmi_path
            kwargs["forwarded_client_claims"] = forwarded_client_claims
        try:
            return await self._got(self._plan(tenant_id, scopes, claims_challenge, kwargs))
        except BaseException as error:
            del claims_challenge, forwarded_client_claims, kwargs
            conceal(error)
            raise

    @discreet
    async def remove_tokens_for_client(self) -> None:
        """Forget the application's own tokens, in all tenants of its cloud; no request."""
        await self._do(self._client.remove_tokens_for_client())

    # --- for users who called us ----------------------------------------------------------------

    async def acquire_token_on_behalf_of(
        self,
        user_assertion: str | bytes,
        scopes: Iterable[str],
        claims_challenge: Challenge = None,
        forwarded_client_claims: str | None = None,
        *,
        tenant_id: str | None = None,
        **kwargs: object,
    ) -> TokenDict:
        """Return a token for the user whose token the caller brought.

        The same assertion and scopes are answered from the cache while the token is fresh;
        `claims_challenge` and `force_refresh=True` go past it.
        """
        plain = claims_challenge is forwarded_client_claims is None and not kwargs
        whose = whose_calls(tenant_id, user_assertion) if plain else None
        if whose is not None:
            found = self._repeats.find(whose, scopes, self._world.clock())
            if found is not None:
                return found
        kwargs["forwarded_client_claims"] = forwarded_client_claims
        try:
            client = self._client_of(tenant_id)
            plan = on_behalf_of_plan(client, user_assertion, scopes, claims_challenge, kwargs)
            if whose is not None:
                self._repeats.note(whose, scopes, plan)
            return await self._got(plan)
        except BaseException as error:
            del user_assertion, claims_challenge, forwarded_client_claims, kwargs
            conceal(error)
            raise

    @discreet
    async def acquire_token_by_user_federated_identity_credential(
        self,
        scopes: Iterable[str],
        assertion: str | bytes,
        username: str | None = None,
        user_object_id: str | None = None,
        claims_challenge: Challenge = None,
        forwarded_client_claims: str | None = None,
        **kwargs: object,
    ) -> TokenDict:
        """Return a token for the user whom a federated credential stands for.

        One of `username` and `user_object_id` says who. The same credential and user are answered
        from the cache; `force_refresh=True` goes past it.
        """
        keywords = {**kwargs, "forwarded_client_claims": forwarded_client_claims}
        return await self._got(
            user_plans.user_fic_plan(
                self._client, scopes, assertion, username, user_object_id, claims_challenge,
                keywords,
            )
        )  # fmt: skip

    @discreet
    async def initiate_long_running_on_behalf_of(
        self,
        user_assertion: str | bytes,
        scopes: Iterable[str],
        *,
        session_key: str | None = None,
        **kwargs: object,
    ) -> tuple[TokenDict, str]:
        """Begin to act for a user beyond the life of their assertion.

        Returns the result and the session's key: the caller's, or a new one that nobody can guess.
        """
        key = ambient.entropy().hex() if session_key is None else session_key
        plan = user_plans.session_begin_plan(self._client, user_assertion, key, scopes, kwargs)
        return await self._got(plan), key

    @discreet
    async def acquire_token_in_long_running_session(
        self, session_key: str, scopes: Iterable[str], **kwargs: object
    ) -> TokenDict | None:
        """Return the session's token, refreshed if need be; None where there is no such session."""
        return await self._acquire(
            user_plans.session_plan(self._client, session_key, scopes, kwargs)
        )

    @discreet
    async def stop_long_running_session(self, session_key: str) -> None:
        """Forget a session."""
        await self._do(self._client.stop_long_running_session(session_key))

    # --- for users who sign in ------------------------------------------------------------------

    @discreet
    async def initiate_auth_code_flow(  # noqa: PLR0913, PLR0917 - MSAL's parameters
        self,
        scopes: Iterable[str],
        redirect_uri: str | None = None,
        state: str | None = None,
        prompt: str | None = None,
        login_hint: str | None = None,
        domain_hint: str | None = None,
        claims_challenge: Challenge = None,
        max_age: int | None = None,
        response_mode: str | None = None,
    ) -> dict[str, object]:
        """Return a sign-in that begins: `auth_uri` to send the user to, the rest for the session.

        The dictionary can be stored as JSON; keep it where only this user's browser leads to it.
        """
        parameters = user_plans.sign_in_parameters(
            redirect_uri=redirect_uri, state=state, prompt=prompt, login_hint=login_hint,
            domain_hint=domain_hint, max_age=max_age, response_mode=response_mode,
        )  # fmt: skip
        flow = self._client.initiate_auth_code_flow(
            scopes, parameters, claims_challenge=claims_challenge
        )
        return (await self._do(flow)).as_dict()

    @discreet
    async def acquire_token_by_auth_code_flow(
        self,
        auth_code_flow: Mapping[str, object],
        auth_response: Mapping[str, object],
        scopes: Iterable[str] | None = None,
        **kwargs: object,
    ) -> TokenDict:
        """Return the tokens of a sign-in; nonce and age are checked before anything is cached.

        `auth_response` is the query or form that the browser brought. A state that differs is a
        `ConfigurationError`; a sign-in that was refused is a dictionary with `error`.
        """
        refusal = user_plans.refused_sign_in(auth_code_flow, auth_response)
        if refusal is not None:
            return self._worded(refusal)
        return await self._got(
            user_plans.code_flow_plan(self._client, auth_code_flow, auth_response, scopes, kwargs)
        )

    @discreet
    async def get_authorization_request_url(  # noqa: PLR0913, PLR0917 - MSAL's parameters
        self,
        scopes: Iterable[str],
        login_hint: str | None = None,
        state: str | None = None,
        redirect_uri: str | None = None,
        response_type: str = "code",
        prompt: str | None = None,
        nonce: str | None = None,
        domain_hint: str | None = None,
        claims_challenge: Challenge = None,
        **kwargs: object,
    ) -> str:
        """Return a URL to send the user to (deprecated: use `initiate_auth_code_flow`)."""
        _deprecated("get_authorization_request_url", "initiate_auth_code_flow")
        parameters = user_plans.url_parameters(
            response_type=response_type, redirect_uri=redirect_uri, state=state,
            login_hint=login_hint, prompt=prompt, nonce=nonce, domain_hint=domain_hint, **kwargs,
        )  # fmt: skip
        return await self._do(
            self._client.authorization_request_url(
                scopes, parameters, claims_challenge=claims_challenge
            )
        )

    @discreet
    async def acquire_token_by_authorization_code(
        self,
        code: str,
        scopes: Iterable[str],
        redirect_uri: str | None = None,
        nonce: str | None = None,
        claims_challenge: Challenge = None,
        forwarded_client_claims: str | None = None,
        **kwargs: object,
    ) -> TokenDict:
        """Redeem a code (deprecated: use `acquire_token_by_auth_code_flow`)."""
        _deprecated("acquire_token_by_authorization_code", "acquire_token_by_auth_code_flow")
        keywords = {**kwargs, "forwarded_client_claims": forwarded_client_claims}
        return await self._got(
            user_plans.code_plan(
                self._client, code, scopes, redirect_uri, nonce, claims_challenge, keywords
            )
        )

    @discreet
    async def acquire_token_by_username_password(
        self,
        username: str,
        password: str,
        scopes: Iterable[str],
        claims_challenge: Challenge = None,
        **kwargs: object,
    ) -> TokenDict:
        """Return a managed user's token by password; a federated user is an `AuthorityError`."""
        return await self._got(
            user_plans.password_plan(
                self._client, username, password, scopes, claims_challenge, kwargs
            )
        )

    @discreet
    async def acquire_token_by_refresh_token(
        self, refresh_token: str, scopes: Iterable[str], **kwargs: object
    ) -> TokenDict:
        """Redeem a refresh token from elsewhere; what it brings is cached."""
        return await self._got(
            user_plans.refresh_token_plan(self._client, refresh_token, scopes, kwargs)
        )

    # --- for users who are known ----------------------------------------------------------------

    async def acquire_token_silent(
        self,
        scopes: Iterable[str],
        account: Mapping[str, object] | None,
        authority: str | None = None,
        force_refresh: bool = False,  # noqa: FBT001, FBT002 - MSAL's parameter
        claims_challenge: Challenge = None,
        *,
        tenant_id: str | None = None,
        **kwargs: object,
    ) -> TokenDict | None:
        """Return a token of a known account without asking anybody; None for anything else."""
        try:
            found = await self.acquire_token_silent_with_error(
                scopes, account, authority, force_refresh, claims_challenge, tenant_id=tenant_id,
                **kwargs,
            )  # fmt: skip
        except BaseException:
            del claims_challenge, kwargs
            raise
        return None if found is None or "error" in found else found

    async def acquire_token_silent_with_error(
        self,
        scopes: Iterable[str],
        account: Mapping[str, object] | None,
        authority: str | None = None,
        force_refresh: bool = False,  # noqa: FBT001, FBT002 - MSAL's parameter
        claims_challenge: Challenge = None,
        *,
        tenant_id: str | None = None,
        **kwargs: object,
    ) -> TokenDict | None:
        """The same, with the refusal's dictionary where a refresh token was refused.

        `account` is one of `get_accounts()`, or None, which finds nothing.
        """
        if not account:
            return None
        plain = authority is claims_challenge is None and not force_refresh and not kwargs
        whose = whose_silent_calls(tenant_id, account) if plain else None
        if whose is not None:
            found = self._repeats.find(whose, scopes, self._world.clock())
            if found is not None:
                return found
        kwargs |= {"authority": authority, "force_refresh": force_refresh}
        try:
            client = self._client_of(tenant_id)
            plan = user_plans.silent_plan(client, scopes, account, claims_challenge, kwargs)
            if whose is not None:
                self._repeats.note(whose, scopes, plan)
            return await self._acquire(plan)
        except BaseException as error:
            del claims_challenge, kwargs
            conceal(error)
            raise

    @discreet
    async def get_accounts(self, username: str | None = None) -> list[AccountDict]:
        """Return who is signed in here, or who of that name in any case of letters; no request."""
        found = self._accounts_at_hand(username)
        if not found:
            found = await self._do(self._client.get_accounts(username))
        return [account_dict(it) for it in found]

    @discreet
    async def remove_account(self, account: Mapping[str, object]) -> None:
        """Sign a user out here: what this client could use of theirs is forgotten; no request."""
        environment = account.get("environment")
        home_account_id = user_plans.home_account_id_of(account)
        named = environment if isinstance(environment, str) else None
        await self._do(self._client.remove_account(home_account_id, named))


def _deprecated(old: str, new: str) -> None:
    warnings.warn(f"{old}() is deprecated; use {new}()", DeprecationWarning, stacklevel=4)

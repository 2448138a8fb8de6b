"""The methods of a confidential client that are about signed-in users.

They make calls and procedures like the others; they are here because there are many of them. The
classes of their calls are loaded on first use: most applications have no users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Unpack

from sansio_auth._call import Call, Procedure
from sansio_auth._options import RequestOptions, asked, read_secret
from sansio_auth.authority import Endpoints
from sansio_auth.calls import RESERVED_SCOPES
from sansio_auth.errors import ConfigurationError
from sansio_auth.flow import Ended, Script, Start
from sansio_auth.partition import UserKey
from sansio_auth.registration import Registration
from sansio_auth.results import Outcome
from sansio_auth.secret import Secret, discreet

if TYPE_CHECKING:
    from sansio_auth.account import Account
    from sansio_auth.authorization import AuthCodeFlow
    from sansio_auth.user_calls import AuthorizationCode

__all__ = ["UserMethods"]


@cache
def _get_accounts() -> Callable[[Registration, str | None], Script[Ended[tuple[Account, ...]]]]:
    """Load the procedure; kept, as looking an import up again costs as much as the answer."""
    from sansio_auth._grants.accounts import get_accounts

    return get_accounts


class UserMethods(Registration):
    """What a client can do for users who sign in, beyond acting on their behalf."""

    __slots__ = ()

    def acquire_token_silent(
        self, scopes: Iterable[str], home_account_id: str, **options: Unpack[RequestOptions]
    ) -> Call[Outcome]:
        """Return the call for a token of a known account: from the cache, or by refresh token.

        The outcome is `NotCached` where neither is there.
        """
        from sansio_auth.user_calls import Silent

        given = asked(self, scopes, options, allow_empty=True)
        call = Silent(home_account_id=home_account_id, **given)

        def script(start: Start) -> Script[Ended[Outcome]]:
            from sansio_auth._grants.silent import silent

            return (yield from silent(call, start))

        return Call(call, script)

    @discreet
    def acquire_token_by_refresh_token(
        self,
        refresh_token: Secret | str,
        scopes: Iterable[str],
        **options: Unpack[RequestOptions],
    ) -> Call[Outcome]:
        """Return the call that redeems a refresh token from elsewhere (RFC 6749 section 6)."""
        from sansio_auth.user_calls import RefreshToken

        call = RefreshToken(
            refresh_token=read_secret(refresh_token, "refresh_token", "refresh_token"),
            **asked(self, scopes, options, allow_empty=True),
        )

        def script(start: Start) -> Script[Ended[Outcome]]:
            from sansio_auth._grants.redeem import refresh_token as redeem

            return (yield from redeem(call, start))

        return Call(call, script)

    @discreet
    def acquire_token_by_username_password(
        self,
        username: str,
        password: Secret | str,
        scopes: Iterable[str],
        **options: Unpack[RequestOptions],
    ) -> Call[Outcome]:
        """Return the call for a managed user's token by password (RFC 6749 section 4.3)."""
        from sansio_auth.user_calls import UsernamePassword

        call = UsernamePassword(
            name=username,
            password=read_secret(password, "password", "password"),
            **asked(self, scopes, options, allow_empty=True),
        )

        def script(start: Start) -> Script[Ended[Outcome]]:
            from sansio_auth._grants.redeem import username_password

            return (yield from username_password(call, start))

        return Call(call, script)

    @discreet
    def acquire_token_by_user_federated_identity_credential(
        self,
        scopes: Iterable[str],
        assertion: Secret | str | bytes,
        *,
        username: str | None = None,
        user_object_id: str | None = None,
        **options: Unpack[RequestOptions],
    ) -> Call[Outcome]:
        """Return the call for the token of a user whom a federated credential stands for."""
        from sansio_auth.user_calls import UserFederatedCredential

        call = UserFederatedCredential(
            assertion=read_secret(assertion, "assertion", "assertion"),
            name=username or "",
            user_object_id=user_object_id or "",
            **asked(self, scopes, options, allow_empty=True),
        )

        def script(start: Start) -> Script[Ended[Outcome]]:
            from sansio_auth._grants.redeem import user_federated_credential

            return (yield from user_federated_credential(call, start))

        return Call(call, script)

    def discover(self) -> Procedure[Endpoints]:
        """Return the procedure that finds the authority's endpoints, computed or asked for."""
        from sansio_auth.user_calls import SignIn

        call = SignIn(**asked(self, (), {}, allow_empty=True))

        def script(start: Start) -> Script[Ended[Endpoints]]:
            from sansio_auth._grants.sign_in import find_endpoints

            return (yield from find_endpoints(call, start))

        return Procedure("discover", script)

    # --- signing in -----------------------------------------------------------------------------

    def initiate_auth_code_flow(
        self,
        scopes: Iterable[str],
        parameters: Mapping[str, str],
        **options: Unpack[RequestOptions],
    ) -> Procedure[AuthCodeFlow]:
        """Return the procedure that begins a sign-in with PKCE (RFC 7636).

        `parameters` are those of the authorization request: `redirect_uri`, `state`, `prompt`,
        `login_hint`, `domain_hint`, `max_age`, `response_mode`.
        """
        from sansio_auth.user_calls import SignIn

        call = SignIn(**asked(self, scopes, options, allow_empty=True))
        given = {"client_id": self.client_id, **parameters}

        def script(start: Start) -> Script[Ended[AuthCodeFlow]]:
            from sansio_auth._grants.sign_in import begin_sign_in

            return (yield from begin_sign_in(call, start, given))

        return Procedure("initiate_auth_code_flow", script)

    def authorization_request_url(
        self,
        scopes: Iterable[str],
        parameters: Mapping[str, str],
        **options: Unpack[RequestOptions],
    ) -> Procedure[str]:
        """Return the procedure for an authorization URL of which the caller keeps all state."""
        from sansio_auth.user_calls import SignIn

        call = SignIn(**asked(self, scopes, options, allow_empty=True))
        given = {"client_id": self.client_id, **parameters}

        def script(start: Start) -> Script[Ended[str]]:
            from sansio_auth._grants.sign_in import sign_in_url

            return (yield from sign_in_url(call, start, given))

        return Procedure("authorization_request_url", script)

    @discreet
    def acquire_token_by_auth_code_flow(
        self,
        flow: AuthCodeFlow,
        auth_response: Mapping[str, object],
        scopes: Iterable[str] | None = None,
        **options: Unpack[RequestOptions],
    ) -> Call[Outcome]:
        """Return the call that ends a sign-in: its code is redeemed, nonce and age are checked.

        `auth_response` is the query or form that the browser brought, with a `code`. The state is
        checked here. `scopes` may be fewer than the flow's.
        """
        from sansio_auth.authorization import hashed_nonce, home_account_of
        from sansio_auth.user_calls import AuthorizationCode

        flow.check_state(auth_response)
        code = auth_response.get("code")
        if not isinstance(code, str) or not code:
            raise ConfigurationError("auth_response: has no code", code="auth_response")
        given: RequestOptions = {"claims_challenge": flow.claims_challenge, **options}
        call = AuthorizationCode(
            code=Secret(code),
            redirect_uri=flow.redirect_uri,
            code_verifier=flow.code_verifier,
            nonce=hashed_nonce(flow.nonce.reveal()),
            max_age=flow.max_age,
            home_account_id=home_account_of(auth_response),
            **asked(self, _within(flow, scopes, self), given, allow_empty=True),
        )
        return _redeeming(call)

    @discreet
    def acquire_token_by_authorization_code(
        self,
        code: Secret | str,
        scopes: Iterable[str],
        *,
        redirect_uri: str | None = None,
        nonce: str | None = None,
        **options: Unpack[RequestOptions],
    ) -> Call[Outcome]:
        """Return the call that redeems a code whose state the caller has checked."""
        from sansio_auth.user_calls import AuthorizationCode

        call = AuthorizationCode(
            code=read_secret(code, "code", "code"),
            redirect_uri=redirect_uri or "",
            nonce=nonce or "",
            **asked(self, scopes, options, allow_empty=True),
        )
        return _redeeming(call)

    # --- accounts -------------------------------------------------------------------------------

    def get_accounts(self, username: str | None = None) -> Procedure[tuple[Account, ...]]:
        """Return the procedure that tells who is signed in; `username` in any case of letters.

        No name or an empty one means everybody (observed).
        """
        return Procedure("get_accounts", lambda _: _get_accounts()(self, username or None))

    def remove_account(
        self, home_account_id: str, environment: str | None = None
    ) -> Procedure[None]:
        """Return the procedure that signs a user out here; `environment` is the account's host."""
        key = UserKey(environment or self.authority.host, home_account_id)

        def script(start: Start) -> Script[Ended[None]]:
            from sansio_auth._grants.accounts import remove_account

            del start
            return (yield from remove_account(self, key))

        return Procedure("remove_account", script)

    # --- long-running sessions ------------------------------------------------------------------

    @discreet
    def initiate_long_running_on_behalf_of(
        self,
        user_assertion: Secret | str | bytes,
        session_key: Secret | str,
        scopes: Iterable[str],
        **options: Unpack[RequestOptions],
    ) -> Call[Outcome]:
        """Return the call that begins acting for a user beyond the life of their assertion.

        `session_key` is the caller's, and nobody may guess it.
        """
        from sansio_auth.user_calls import SessionBegin

        call = SessionBegin(
            user_assertion=read_secret(user_assertion, "user_assertion", "assertion"),
            session_key=read_secret(session_key, "session_key", "session_key"),
            **asked(self, scopes, options, allow_empty=True),
        )

        def script(start: Start) -> Script[Ended[Outcome]]:
            from sansio_auth._grants.session import session_begin

            return (yield from session_begin(call, start))

        return Call(call, script)

    @discreet
    def acquire_token_in_long_running_session(
        self, session_key: Secret | str, scopes: Iterable[str], **options: Unpack[RequestOptions]
    ) -> Call[Outcome]:
        """Return the call for the session's next token; `NotCached` where there is no session."""
        from sansio_auth.user_calls import SessionCall

        call = SessionCall(
            session_key=read_secret(session_key, "session_key", "session_key"),
            **asked(self, scopes, options, allow_empty=True),
        )

        def script(start: Start) -> Script[Ended[Outcome]]:
            from sansio_auth._grants.session import session_token

            return (yield from session_token(call, start))

        return Call(call, script)

    @discreet
    def stop_long_running_session(self, session_key: Secret | str) -> Procedure[None]:
        """Return the procedure that forgets a session."""
        from sansio_auth.user_calls import SessionCall

        call = SessionCall(
            session_key=read_secret(session_key, "session_key", "session_key"),
            **asked(self, (), {}, allow_empty=True),
        )

        def script(start: Start) -> Script[Ended[None]]:
            from sansio_auth._grants.session import stop_session

            return (yield from stop_session(call, start))

        return Procedure("stop_long_running_session", script)


def _redeeming(call: AuthorizationCode) -> Call[Outcome]:
    def script(start: Start) -> Script[Ended[Outcome]]:
        from sansio_auth._grants.redeem import authorization_code

        return (yield from authorization_code(call, start))

    return Call(call, script)


def _within(
    flow: AuthCodeFlow, scopes: Iterable[str] | None, registration: Registration
) -> frozenset[str]:
    """Return the scopes to redeem a code for: the flow's, or the caller's where they are of it."""
    own = RESERVED_SCOPES - registration.exclude_scopes
    begun = frozenset(flow.scope)
    wanted = begun if scopes is None else frozenset(scopes)
    if not wanted <= begun | own:
        raise ConfigurationError(
            "scopes: some were not asked for when the sign-in was begun", code="scopes_widened"
        )
    return wanted - own

"""The tree of errors: whose turn it is, what each carries, and copies for many waiters."""

from __future__ import annotations

import pickle

import pytest

from sansio_auth import errors
from sansio_auth.errors import (
    AssertionFailed,
    AuthorityError,
    ConfigurationError,
    FlowError,
    ResponseError,
    SansioAuthError,
    ServiceError,
    TransportError,
)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (ConfigurationError, ValueError),
        (FlowError, RuntimeError),
        (AuthorityError, ValueError),
        (ResponseError, ValueError),
        (AssertionFailed, Exception),
        (ServiceError, Exception),
        (TransportError, OSError),
    ],
)
def test_each_error_is_one_of_ours_and_of_the_builtin_kind(
    kind: type[SansioAuthError], builtin: type[Exception]
) -> None:
    """So that an `except ValueError` of today goes on to work."""
    assert issubclass(kind, SansioAuthError)
    assert issubclass(kind, builtin)
    assert kind.__name__ in errors.__all__


def test_every_error_carries_what_a_program_needs() -> None:
    """Code, correlation id, whether and when to try again, and the step."""
    error = ResponseError(
        "m", code="c", correlation_id="i", retryable=True, retry_at=5.0, stage="token"
    )
    assert str(error) == "m"
    assert (error.code, error.correlation_id, error.retryable, error.retry_at, error.stage) == (
        "c", "i", True, 5.0, "token",
    )  # fmt: skip


def test_an_unreachable_world_is_worth_another_try_and_bad_arguments_are_not() -> None:
    """The defaults say so."""
    assert TransportError("m").retryable
    assert ServiceError("m").retryable
    assert not ConfigurationError("m").retryable


def test_a_transport_error_says_what_failed_and_whether_anything_was_sent() -> None:
    """Its code is its kind unless it has a better one."""
    error = TransportError("m", kind="tls", sent=False)
    assert (error.kind, error.sent, error.code) == ("tls", False, "tls")
    assert TransportError("m", kind="tls", code="expired").code == "expired"


def test_a_service_error_has_its_status() -> None:
    """As the facade raises it for 5xx."""
    assert ServiceError("m", status=503).status == 503


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("m", code="c"),
        TransportError("m", kind="connect", sent=False, stage="token"),
        ServiceError("m", status=502),
        AuthorityError("m"),
    ],
)
def test_each_waiter_gets_an_error_of_their_own(error: SansioAuthError) -> None:
    """Equal in everything, with the same cause, and without the other's traceback."""
    cause = OSError("the cause")
    try:
        raise error from cause
    except SansioAuthError:
        twin = error.again()
    assert twin is not error
    assert type(twin) is type(error)
    assert twin.__dict__ == error.__dict__
    assert str(twin) == str(error)
    assert twin.__cause__ is cause
    assert twin.__traceback__ is None


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("m", code="c"),
        FlowError("m"),
        AuthorityError("m", stage="discovery"),
        ResponseError("m", code="c"),
        AssertionFailed("m", retryable=True),
        ServiceError("m", status=502, retry_at=5.0),
        TransportError("m", kind="connect", sent=False, correlation_id="i"),
    ],
)
def test_an_error_is_pickled_without_its_cause(error: SansioAuthError) -> None:
    """A worker process can tell its parent; what the cause holds stays where it was raised."""
    error.__cause__ = OSError("PLANTED")
    pickled = pickle.dumps(error)
    again = pickle.loads(pickled)
    assert type(again) is type(error)
    assert (str(again), again.__dict__) == (str(error), error.__dict__)
    assert b"PLANTED" not in pickled

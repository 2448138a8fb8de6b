"""Which body fields are whose."""

from __future__ import annotations

import pytest

from sansio_auth._body import NOT_IN_EXTENDED_KEY, PROTECTED_FIELDS, check_data
from sansio_auth.errors import ConfigurationError


@pytest.mark.parametrize("name", sorted(PROTECTED_FIELDS))
def test_the_librarys_fields_cannot_be_replaced(name: str) -> None:
    """A token is filed for the client that the application was made for."""
    with pytest.raises(ConfigurationError, match=name) as caught:
        check_data(None, None, ((name, "x"),))
    assert caught.value.code == "data_protected"


@pytest.mark.parametrize("name", ["", "a b", "a\n", "é", "x" * 129])
def test_a_field_needs_a_name_that_can_be_sent(name: str) -> None:
    """Visible ASCII of a sensible length."""
    with pytest.raises(ConfigurationError) as caught:
        check_data(None, None, ((name, "x"),))
    assert caught.value.code == "data_type"


def test_any_other_field_is_the_callers() -> None:
    """Of texts; forwarded claims set tokens apart, secrets do not."""
    check_data(None, None, (("fmi_path", "a"), ("x-y.z", "")))
    assert "client_claims" not in NOT_IN_EXTENDED_KEY
    assert {"client_secret", "assertion", "code", "password"} <= NOT_IN_EXTENDED_KEY

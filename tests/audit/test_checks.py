"""audit.E001; the tests of audit.W001 are in test_install.py."""

import pytest

from audit.checks import check_trusted_proxies


@pytest.mark.parametrize("word", ["10.0.0.1", "10.0.0.0/8", "10.0.0.1/8", "2001:db8::/32"])
def test_e001_is_silent_about_addresses_and_networks(settings, word):
    settings.TRUSTED_PROXIES = [word]

    assert check_trusted_proxies(None) == []


@pytest.mark.parametrize("word", ["proxy.local", "10.0.0.1:80", "unix:", "10.0.0.0/99"])
def test_e001_names_what_is_neither(settings, word):
    settings.TRUSTED_PROXIES = ["10.0.0.1", word]

    [error] = check_trusted_proxies(None)

    assert error.id == "audit.E001"
    assert word in error.msg

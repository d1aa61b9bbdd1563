"""Lockouts by address, and who else came from there."""

import re
from datetime import UTC, datetime, timedelta

from .conftest import LIST

DAY = timedelta(days=1)
IN_2016 = datetime(2016, 5, 5, tzinfo=UTC)


def test_addresses_from_which_users_were_locked(write, desk, rows):
    write(3, datetime=IN_2016, ip_address="198.51.100.1", initiated_by="system:lockout")
    write(1, datetime=IN_2016, ip_address="198.51.100.1", username="other", user_id=10**12 + 1)
    write(1, datetime=IN_2016, ip_address="198.51.100.1", end_state="active", username="third")

    page = desk("lockouts/?since=2016-05-05&until=2016-05-05")
    table = re.findall(r"<tr>\s*<th scope=.row.>(.*?)</tr>", page, re.DOTALL)
    cells = [re.sub(r"<[^>]*>", " ", row).split() for row in table]

    assert cells[0][:3] == ["198.51.100.1", "4", "2"]
    links = re.findall(rf'href="{LIST}(\?[^"]*198[^"]*)"', page)
    assert len(rows(links[0])) == 4
    assert any("third" in row for row in rows(links[1]))


def test_more_addresses_than_are_shown_are_counted(write, desk):
    for number in range(101):
        write(datetime=IN_2016 + DAY, ip_address=f"192.0.2.{number}")
    write(datetime=IN_2016 + DAY, ip_address="192.0.2.100")

    page = desk("lockouts/?since=2016-05-06&until=2016-05-06")

    assert "The 100 addresses with the most lockouts are shown, of 101." in page
    assert page.count('<th scope="row">') == 100
    assert ">192.0.2.100<" in page
    assert "are shown, of" not in desk("lockouts/?since=2016-05-05&until=2016-05-05")


def test_what_cannot_be_understood_is_said(desk):
    assert "is no time" in desk("lockouts/?since=yesterday")
    assert "There is no filter" in desk("lockouts/?nonsense=1")
    assert "This page has no filter" in desk("lockouts/?subject=alice")
    assert "Nobody was locked" in desk("lockouts/?until=1990-01-01")

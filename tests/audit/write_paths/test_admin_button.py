from tests.trail import entry


def test_a_button_in_the_admin_is_recorded_with_who_pushed_it(alice, mona, trail, signed_in):
    browser = signed_in(mona, REMOTE_ADDR="203.0.113.7")

    response = browser.post(
        f"/admin/accounts/user/{alice.pk}/transition/deactivate/",
        {"seen": "active", "reason": "Left the company"},
    )

    assert trail.entries() == [
        entry(
            alice,
            "active",
            "deactivated",
            transition="deactivate",
            initiated_by="mona",
            reason="Left the company",
            ip_address="203.0.113.7",
            request_id=response["X-Request-ID"],
        )
    ]

from tests.trail import entry


def test_an_override_in_the_admin_is_recorded_and_no_transition_matches_it(
    alice, ada, trail, signed_in
):
    browser = signed_in(ada, REMOTE_ADDR="2001:db8::7")

    response = browser.post(
        f"/admin/accounts/user/{alice.pk}/override/",
        {"seen": "active", "state": "invited", "reason": "By mistake"},
    )

    assert trail.entries() == [
        entry(
            alice,
            "active",
            "invited",
            transition=None,
            initiated_by="ada",
            reason="By mistake",
            ip_address="2001:db8::7",
            request_id=response["X-Request-ID"],
        )
    ]

"""When the audit was last verified, and what was found."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.verifications import Verification

from .catalog import Catalog
from .part import A_DAY, AMBER, GREEN, RED, Part, said, unreadable


def part(catalog: Catalog, last: Verification | None) -> Part:
    if not catalog.shows_verifications:
        return unreadable("user_state_verification")
    if last is None:
        return Part(
            AMBER, _("The audit was never verified: have “manage.py verify_audit” run each night.")
        )
    facts = {"moment": said(last.verified_at), "role": last.db_user, "number": last.found}
    if last.findings:
        sentence = ngettext(
            "The verification of %(moment)s has found %(number)s thing that is not as it should be:"
            " tell whoever runs the database to run “manage.py verify_audit”.",
            "The verification of %(moment)s has found %(number)s things that are not as they should"
            " be: tell whoever runs the database to run “manage.py verify_audit”.",
            last.found,
        )
        return Part(RED, sentence % facts)
    # Of the future it is where the server's clock was set back since.
    if abs(catalog.now - last.verified_at) > A_DAY:
        sentence = _(
            "The last verification is of %(moment)s: ask whoever runs the database why"
            " “manage.py verify_audit” does not run each night."
        )
        return Part(AMBER, sentence % facts)
    if last.seals != 0 and not last.signatures_checked:
        sentence = _(
            "The verification of %(moment)s has found nothing, but has not checked the signatures"
            " of the seals: ask whoever runs the database to give “manage.py verify_audit” the"
            " public key, by “--public-key”."
        )
        return Part(AMBER, sentence % facts)
    sentence = _("The verification of %(moment)s, by %(role)s, has found nothing.")
    return Part(GREEN, sentence % facts)

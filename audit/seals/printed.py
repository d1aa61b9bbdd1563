"""What was printed to be kept: receipts of seals, and tombstones of archives."""

from .receipt import BadReceiptError, Receipt, found_in, without_spaces
from .tombstone import Tombstone
from .tombstone import found_in as tombstones_in

Printed = Receipt | Tombstone


def find_printed(text: str) -> list[Printed]:
    """Those in a text, with whatever a log or a mail has put around them.

    BadReceiptError when there is none, or one is cut short or was changed in its form.
    """
    text = without_spaces(text)
    found: list[Printed] = [*found_in(text), *tombstones_in(text)]
    if not found:
        raise BadReceiptError("This is no receipt, or not the whole of it.")
    return found

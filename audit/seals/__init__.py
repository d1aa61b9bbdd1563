"""Seals: signed receipts of what the audit holds, each chained to the one before. docs/seals.md
describes the format; the key is never in the database."""

from .keys import BadKeyError, key_id, new_key, private_key, private_key_in, public_hex, public_key
from .printed import Printed, find_printed
from .receipt import BadReceiptError, Receipt, find_all, find_one
from .sealer import Sealer
from .state import BusyError, Memory, RefusedError, default_file

__all__ = [
    "BadKeyError",
    "BadReceiptError",
    "BusyError",
    "Memory",
    "Printed",
    "Receipt",
    "RefusedError",
    "Sealer",
    "default_file",
    "find_all",
    "find_one",
    "find_printed",
    "key_id",
    "new_key",
    "private_key",
    "private_key_in",
    "public_hex",
    "public_key",
]

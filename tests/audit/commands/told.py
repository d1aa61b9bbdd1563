"""What commands complain of, and the key that the tests of them seal with."""

from audit import seals
from tests.arena import KEY

PUBLIC = seals.public_hex(KEY)
SECRET = KEY.private_bytes_raw().hex()


def refused(result: tuple[int, str, str], *words: str) -> None:
    """One sentence, and exit code 2."""
    code, out, err = result
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    for word in words:
        assert word in err

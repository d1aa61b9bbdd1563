"""The Merkle tree, held against published hashes and against the definition of RFC 9162."""

from hashlib import sha256

import pytest

from audit.seals import merkle
from audit.seals.merkle import Tree, is_in_tree, leaf_hash

# The test vectors of certificate-transparency: eight entries, the roots over the first 1 to 8 of
# them, and three audit paths.
ENTRIES = [
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def tree_of(leaves: list[bytes], wanted: int | None = None, at_once: int = 1) -> Tree:
    tree = Tree()
    for start in range(0, len(leaves), at_once):
        if wanted is not None and start <= wanted < start + at_once:
            tree.want(wanted)
        tree.add(leaves[start : start + at_once])
    return tree


def defined_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256(b"").digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + defined_root(leaves[:k]) + defined_root(leaves[k:])).digest()


def defined_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162, 2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if index < k:
        return [*defined_path(index, leaves[:k]), defined_root(leaves[k:])]
    return [*defined_path(index - k, leaves[k:]), defined_root(leaves[:k])]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots(size):
    leaves = [leaf_hash(entry) for entry in ENTRIES[:size]]

    assert tree_of(leaves).root().hex() == ROOTS[size - 1]


def test_the_published_root_of_no_entries():
    assert Tree().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("index", "size"), PATHS)
def test_the_published_paths(index, size):
    tree = tree_of([leaf_hash(entry) for entry in ENTRIES[:size]], index)
    root = tree.root()

    assert [each.hex() for each in tree.path] == PATHS[index, size]
    assert is_in_tree(leaf_hash(ENTRIES[index]), index, size, tree.path, root)


@pytest.mark.parametrize("batch", [1, 2, 4, 1024])
def test_every_path_of_every_tree_up_to_seventy_entries(batch, monkeypatch):
    monkeypatch.setattr(merkle, "BATCH", batch)
    leaves = [leaf_hash(bytes([n])) for n in range(70)]

    for size in range(71):
        root = defined_root(leaves[:size])
        assert tree_of(leaves[:size], at_once=7).root() == root
        for index in range(size):
            tree = tree_of(leaves[:size], index, at_once=7)
            assert (tree.root(), tree.path) == (root, defined_path(index, leaves[:size]))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 70])
def test_what_is_not_in_the_tree_is_refused(size):
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    root = defined_root(leaves)
    for index, leaf in enumerate(leaves):
        path = defined_path(index, leaves)

        assert is_in_tree(leaf, index, size, path, root)
        assert not is_in_tree(leaf_hash(b"other"), index, size, path, root)
        assert not is_in_tree(leaf, index, size, [*path, root], root)
        assert not is_in_tree(leaf, index, size, path[:-1], root) or not path
        assert not is_in_tree(leaf, -1, size, path, root)
        assert not is_in_tree(leaf, size, size, path, root)
        others = [each for each in range(size) if each != index]
        assert not any(is_in_tree(leaf, each, size, path, root) for each in others)


def test_a_leaf_that_is_in_the_tree_already_cannot_be_wanted():
    tree = tree_of([leaf_hash(b"")] * 3)

    with pytest.raises(ValueError, match="in the tree already"):
        tree.want(2)

"""Trees of which leaves are archived, held against whole ones."""

import random

import pytest

from audit.seals.merkle import Tree, is_in_tree, leaf_hash
from audit.seals.partial import Gone, PartialTree, Thinning

LEAVES = [leaf_hash(bytes([each])) for each in range(70)]
MANY = [leaf_hash(bytes(divmod(each, 256))) for each in range(5000)]


def root(leaves: list[bytes]) -> bytes:
    tree = Tree()
    tree.add(leaves)
    return tree.root()


def thinned(leaves: list[bytes], going: set[int], gone: list[Gone] = ()) -> list[Gone]:
    """The nodes over those that go; of others that are ``gone`` already, no leaf comes."""
    away = {at for each in gone for at in range(each.start, each.start + each.size)}
    thinning = Thinning(gone)
    there = [at for at in range(len(leaves)) if at not in away]
    thinning.add([leaves[at] for at in there], [at in going for at in there])
    assert (thinning.size, thinning.root()) == (len(leaves), root(leaves))
    return thinning.nodes()


def partial(leaves: list[bytes], gone: list[Gone]) -> PartialTree:
    away = {at for each in gone for at in range(each.start, each.start + each.size)}
    tree = PartialTree(gone)
    tree.add([leaf for at, leaf in enumerate(leaves) if at not in away])
    return tree


@pytest.mark.parametrize("size", range(1, 71))
def test_what_is_there_and_the_nodes_lead_to_the_root(size):
    leaves, chance = LEAVES[:size], random.Random(size)
    runs = [set(range(start, size)) for start in (0, size // 2, size - 1)]
    for going in [*runs, set(chance.sample(range(size), size // 2)), set(range(0, size, 2))]:
        nodes = thinned(leaves, going)

        tree = partial(leaves, nodes)
        assert (tree.size, tree.root()) == (size, root(leaves))
        assert sum(each.size for each in nodes) == len(going)
        assert all(each.hash == root(leaves[each.start : each.start + each.size]) for each in nodes)


@pytest.mark.parametrize("size", [2, 3, 7, 37, 64, 70])
def test_more_goes_later(size):
    leaves, half = LEAVES[:size], size // 2
    first = thinned(leaves, set(range(half)))

    rest = thinned(leaves, set(range(half, size - 1)), first)

    tree = partial(leaves, [*first, *rest])
    assert (tree.size, tree.root()) == (size, root(leaves))


@pytest.mark.parametrize(("there", "going"), [(0, 0), (5, 2048), (1024, 3000), (2500, 5000)])
def test_many_that_go_together_are_hashed_together(there, going):
    first = thinned(MANY, set(range(there)))

    rest = thinned(MANY, set(range(there + 100, going)), first)

    tree = partial(MANY, [*first, *rest])
    assert (tree.size, tree.root()) == (len(MANY), root(MANY))
    assert sum(each.size for each in rest) == max(going - there - 100, 0)


def test_when_all_goes_the_root_is_left():
    assert thinned(LEAVES, set(range(70))) == [Gone(0, 70, root(LEAVES))]


@pytest.mark.parametrize("size", [2, 5, 37, 70])
def test_what_is_there_can_be_proved(size):
    leaves = LEAVES[:size]
    nodes = thinned(leaves, set(range(1, size, 2)))
    for index in range(0, size, 2):
        tree = PartialTree(nodes)
        tree.want(index)
        tree.add(leaves[::2])
        assert tree.root() == root(leaves)
        assert is_in_tree(leaves[index], index, size, tree.path, root(leaves))


@pytest.mark.parametrize("index", [0, 1500, 2100, 3071, 3072, 4999])
def test_of_many_one_can_be_proved(index):
    """One leaf in the midst of those that are hashed together."""
    there = [at for at in range(5000) if not 100 < at <= 1400]
    tree = PartialTree(thinned(MANY, {*range(5000)}.difference(there)))
    tree.want(index)

    tree.add([MANY[at] for at in there])

    assert tree.root() == root(MANY)
    assert is_in_tree(MANY[index], index, 5000, tree.path, root(MANY))


@pytest.mark.parametrize("size", [5, 37])
def test_another_leaf_or_node_is_found(size):
    leaves = LEAVES[:size]
    nodes = thinned(leaves, set(range(3)))
    altered = [nodes[0]._replace(hash=bytes(32)), *nodes[1:]]

    assert partial(leaves, altered).root() != root(leaves)
    assert partial([*leaves[:-1], bytes(32)], nodes).root() != root(leaves)
    assert partial(leaves[:-1], nodes).size == size - 1

# SPDX-License-Identifier: Apache-2.0
"""What the manual's dotted dictionary promises: paths, lists, iteration, copying."""

import copy
import json
import pickle
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpppo.dotdict import dotdict


@pytest.fixture
def plant() -> dotdict:
    """Scalars, layers, an empty layer, a list of layers and a list of numbers."""
    return dotdict(
        {
            "a": {"b": 1, "c": {"d": 2}},
            "l": [dotdict(i=0), dotdict(i=1)],
            "n": [10, 20],
            "empty": {},
        }
    )


def test_a_path_makes_its_layers() -> None:
    d = dotdict()
    d["a.b.c"] = 1
    assert dict.keys(d) == {"a"}
    assert type(d["a"]) is type(d["a.b"]) is dotdict
    assert d["a.b.c"] == d["a"]["b"]["c"] == d.a.b.c == 1


def test_a_path_replaces_a_value_and_adds_beside_it(plant: dotdict) -> None:
    plant["a.b"] = 3
    plant["a.e"] = 4
    assert plant.a == {"b": 3, "c": {"d": 2}, "e": 4}


@pytest.mark.parametrize(
    "path",
    [
        "a.b",
        ".a.b",
        "..a.b",
        "a.b.",
        "a.x..b",
        "a.c..b",
        "a.x.y...b",
        "zz..a.b",
        "zz....a.b",
        "l[0]..a.b",
        "l[q.r]..a.b",
    ],
)
def test_every_spelling_reaches_the_same_value(plant: dotdict, path: str) -> None:
    assert plant[path] == plant.get(path) == 1
    assert path in plant
    plant[path] = 9
    assert dict.__getitem__(plant, "a")["b"] == 9
    assert plant.pop(path) == 9
    assert plant.a == {"c": {"d": 2}}


def test_one_leading_dot_changes_nothing() -> None:
    d = dotdict()
    d[".input"] = 1
    assert d.listitems() == [("input", 1)]


def test_backing_out_of_missing_layers_does_not_make_them() -> None:
    d = dotdict()
    d["a.x.y...b"] = 1
    assert d.listitems() == [("a.b", 1)]


@pytest.mark.parametrize("path", ["", ".", "..", "...", "a..", "a.b...", "zz.."])
def test_a_path_without_a_last_name_cannot_be_resolved(
    plant: dotdict, path: str
) -> None:
    with pytest.raises(KeyError, match=f'cannot resolve "{path}"'):
        plant[path]
    with pytest.raises(KeyError, match=f'cannot resolve "{path}"'):
        plant[path] = 1
    with pytest.raises(KeyError, match=f'cannot resolve "{path}"'):
        del plant[path]
    assert path not in plant
    assert plant.get(path, "default") == "default"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("l[0]", {"i": 0}),
        ("l[0].i", 0),
        ("l[-1].i", 1),
        ("l[ 1].i", 1),
        ("n[1]", 20),
        ("l[a.b].i", 1),
        ("l[a.b-1].i", 0),
        ("l[l[1].i-1].i", 0),
        ("l[l[l[1].i].i].i", 1),
        ("n[(a.b + 5) * 3 // 2 % 2]", 20),
        ("n[-a.b]", 20),
        ("n[n[0] - 10]", 10),
    ],
)
def test_lists_are_indexed_within_a_path(
    plant: dotdict, path: str, value: object
) -> None:
    assert plant[path] == value
    assert plant.get(path) == value
    assert path in plant


def test_a_list_of_lists_takes_two_indexes() -> None:
    d = dotdict(rows=[[1, 2], [3, dotdict(x=4)]])
    assert d["rows[0][1]"] == 2
    assert d["rows[1][1].x"] == 4


def test_names_in_an_index_are_those_beside_the_list() -> None:
    d = dotdict({"x": {"a": [dotdict(b=5), dotdict(b=6)], "n": 1}, "n": 0})
    assert d["x.a[n].b"] == 6


@pytest.mark.parametrize("stored", [array("B", b"\x01\x02"), (1, 2), [1, 2]])
def test_any_sequence_can_be_read_by_index(stored: object) -> None:
    assert dotdict(input=stored)["input[1]"] == 2


def test_items_of_a_list_are_set_by_index(plant: dotdict) -> None:
    plant["l[1].i"] = 7
    plant["l[0].new.y"] = 8
    plant["n[a.b]"] = 9
    plant["l[1]"] = plant["l[1]"] | {"j.k": 3}
    assert plant.l == [{"i": 0, "new": {"y": 8}}, {"i": 7, "j": {"k": 3}}]
    assert plant.n == [10, 9]


def test_a_plain_dict_set_by_index_becomes_a_layer(plant: dotdict) -> None:
    plant["n[0]"] = {"p.q": 1}
    assert plant["n[0].p.q"] == 1


@pytest.mark.parametrize(
    "path",
    [
        "l[5].i",
        "l[-3]",
        "zz[0]",
        "zz[0].b",
        "a[0]",
        "a[0].b",
        "a.b[0]",
        "n[0].x",
        "l[zz].i",
        "l[a].i",
        "l[n].i",
        "l[a[0]].i",
        "l[n[9]].i",
        "l[1.0].i",
        "l['i'].i",
        "l[0:1]",
        "l[]",
        "l[1//0].i",
        "l[2**1].i",
        "l[1/1].i",
        "l[len(n)].i",
        "l[a.__class__].i",
        "l[0]x.i",
        "l[0](1).i",
        "l[0",
        "l]0[",
        "[0]",
        "l[" + "9" * 300 + "].i",
        "l[" + "-" * 300 + "1].i",
        "l[" + "(" * 150 + "1" + ")" * 150 + "].i",
        "l[0\0].i",
    ],
)
def test_a_wrong_index_is_a_missing_path(plant: dotdict, path: str) -> None:
    assert path not in plant
    assert plant.get(path, "default") == "default"
    assert plant.pop(path, "default") == "default"
    before = plant.copy()
    with pytest.raises(KeyError) as caught:
        plant[path]
    assert path in caught.value.args[0]
    with pytest.raises(KeyError):
        plant[path] = 1
    assert plant == before


@pytest.mark.parametrize(
    ("path", "part", "why"),
    [
        ("zz", "zz", "no such name"),
        ("a.zz", "zz", "no such name"),
        ("a.zz.d", "zz", "no such name"),
        ("a.b.c", "c", "what is above it is int, not a layer"),
        ("l.i", "i", "what is above it is list, not a layer"),
        ("l[5].i", "[5]", "it holds 2 items"),
        ("a[0].b", "a[0]", "this is a layer"),
        ("l[zz].i", "l[zz]", "there is no zz"),
        ("l[a.zz].i", "l[a.zz]", "there is no zz"),
        ("l[a].i", "l[a]", "a is dotdict, not int"),
        ("l[1//0]", "l[1//0]", "by zero"),
    ],
)
def test_what_is_missing_is_named(
    plant: dotdict, path: str, part: str, why: str
) -> None:
    tries: list[tuple[str, Callable[[], object]]] = [
        ("get", lambda: plant[path]),
        ("del", lambda: plant.__delitem__(path)),
        ("pop", lambda: plant.pop(path)),
    ]
    for verb, attempt in tries:
        with pytest.raises(KeyError) as caught:
            attempt()
        message = caught.value.args[0]
        assert message.startswith(f'cannot {verb} "{part}" of "{path}": ')
        assert why in message


@pytest.mark.parametrize("path", ["a.b.c", "a.b.c.d", "n.x", "l[0].i.j", "n[0].x"])
def test_nothing_is_set_below_a_value(plant: dotdict, path: str) -> None:
    before = plant.copy()
    with pytest.raises(KeyError, match="cannot set"):
        plant[path] = 1
    assert plant == before


def test_an_item_of_something_fixed_is_not_set_or_removed() -> None:
    d = dotdict(t=(1, 2))
    with pytest.raises(KeyError, match=r"cannot set .*tuple cannot be changed"):
        d["t[0]"] = 1
    with pytest.raises(KeyError, match=r"cannot del .*tuple cannot be changed"):
        del d["t[0]"]


def test_no_list_is_made_by_indexing() -> None:
    d = dotdict()
    with pytest.raises(KeyError, match="cannot set"):
        d["a.b[0].c"] = 1
    assert d == {}


@pytest.mark.parametrize("key", [5, None, ("a",), b"a"])
def test_only_strings_are_paths(plant: dotdict, key: Any) -> None:
    assert key not in plant
    with pytest.raises(TypeError, match="a dotdict path is a str"):
        plant[key]
    with pytest.raises(TypeError, match="a dotdict path is a str"):
        plant[key] = 1


def test_iteration_is_over_full_paths(plant: dotdict) -> None:
    items = [
        ("a.b", 1),
        ("a.c.d", 2),
        ("l[0].i", 0),
        ("l[1].i", 1),
        ("n", [10, 20]),
        ("empty", {}),
    ]
    assert list(plant.items()) == list(plant.iteritems()) == plant.listitems() == items
    paths = [path for path, _ in items]
    assert list(plant) == paths
    assert list(plant.keys()) == list(plant.iterkeys()) == plant.listkeys() == paths
    values = [value for _, value in items]
    assert list(plant.values()) == list(plant.itervalues()) == values
    assert plant.listvalues() == values


def test_keys_values_and_items_are_generators(plant: dotdict) -> None:
    for found in plant.keys(), plant.values(), plant.items():
        assert isinstance(found, Iterator)


def test_only_lists_of_nothing_but_layers_expand() -> None:
    d = dotdict(mixed=[dotdict(i=1), 2], none=[], nested=[[dotdict(i=1)]])
    assert d.listkeys() == ["mixed", "none", "nested"]


def test_an_empty_layer_in_a_list_is_listed() -> None:
    assert dotdict(l=[dotdict()]).listitems() == [("l[0]", {})]


def test_indexes_align_to_the_right_and_resolve() -> None:
    d = dotdict(l=[dotdict(i=i) for i in range(11)])
    assert d.listkeys()[:2] == ["l[ 0].i", "l[ 1].i"]
    assert d.listkeys()[-1] == "l[10].i"
    assert [d[path] for path in d] == list(range(11))


def test_depth_shortens_the_paths(plant: dotdict) -> None:
    assert plant.listkeys(depth=0) == ["a", "l", "n", "empty"]
    assert plant.listkeys(depth=1) == ["a.b", "a.c", "l[0].i", "l[1].i", "n", "empty"]
    assert plant.listkeys(depth=2) == plant.listkeys()
    assert plant.listvalues(depth=0)[0] is plant.a
    assert plant.listitems(depth=1)[1] == ("a.c", {"d": 2})
    assert list(plant.keys(depth=0)) == list(plant.iterkeys(0)) == plant.listkeys(0)
    assert list(plant.values(depth=0)) == list(plant.itervalues(0))
    assert list(plant.items(depth=0)) == list(plant.iteritems(0))


def test_length_counts_the_top_layer(plant: dotdict) -> None:
    assert len(plant) == 4
    assert len(plant.a) == 2


@pytest.mark.parametrize("path", ["a", "a.c", "l", "l[0]", "n[1]", "empty"])
def test_part_of_a_path_is_in_it(plant: dotdict, path: str) -> None:
    assert path in plant


@pytest.mark.parametrize("path", ["zz", "a.zz", "a.b.c", "b", "n.x", "a.c.d.e"])
def test_what_leads_nowhere_is_not_in_it(plant: dotdict, path: str) -> None:
    assert path not in plant
    assert plant.get(path) is None
    assert plant.get(path, 7) == 7


def test_none_is_a_value() -> None:
    d = dotdict({"a.b": None})
    assert "a.b" in d
    assert d.get("a.b", 7) is None
    assert d.setdefault("a.b", 7) is None
    assert d.pop("a.b", 7) is None


def test_del_removes_values_and_empty_layers(plant: dotdict) -> None:
    for path in "a.b", "a.c.d", "a.c", "a", "l[0].i", "l[0]", "n[0]", "empty":
        del plant[path]
    assert plant.listitems() == [("l[0].i", 1), ("n", [20])]


@pytest.mark.parametrize("path", ["a", "a.c", "l[1]"])
def test_del_refuses_a_layer_that_holds_values(plant: dotdict, path: str) -> None:
    with pytest.raises(KeyError, match=r"cannot del .*\(partial key\)"):
        del plant[path]
    assert path in plant


def test_pop_takes_values_layers_and_items(plant: dotdict) -> None:
    assert plant.pop("a.c") == {"d": 2}
    assert plant.pop("a.b") == 1
    assert plant.pop("l[1].i") == 1
    assert plant.pop("n[0]") == 10
    assert plant.pop("zz.y", "default") == "default"
    assert plant.listitems() == [
        ("a", {}),
        ("l[0].i", 0),
        ("l[1]", {}),
        ("n", [20]),
        ("empty", {}),
    ]


def test_pop_takes_one_default(plant: dotdict) -> None:
    with pytest.raises(TypeError, match="at most one default"):
        plant.pop("a", 1, 2)


def test_set_is_assignment(plant: dotdict) -> None:
    plant.set("x.y", {"z": 1})
    assert plant.x.y.z == 1


def test_setdefault_stores_only_what_is_missing(plant: dotdict) -> None:
    assert plant.setdefault("a.b", 7) == 1
    assert plant.setdefault("l[0].i", 7) == 0
    assert plant.setdefault("l[0].j", 8) == plant["l[0].j"] == 8
    assert plant.setdefault("x.y") is None
    assert "x.y" in plant
    layer = plant.setdefault("p.q", {})
    layer.r = 1
    assert plant["p.q.r"] == 1


def test_update_takes_what_dict_update_takes(plant: dotdict) -> None:
    plant.update({"a.z": 1})
    plant.update([("a.y", 2)], x=3)
    plant.update()
    assert plant.a == {"b": 1, "c": {"d": 2}, "z": 1, "y": 2}
    assert plant.x == 3


def test_update_replaces_layers_given_whole(plant: dotdict) -> None:
    plant.update({"a": {"y": 3}})
    assert plant.a == {"y": 3}
    source = dotdict({"a.z": 4, "l": [dotdict(i=5)]})
    plant.update(source)
    assert plant.a is source.a
    assert plant["l[0].i"] == 5


def test_the_constructor_takes_paths() -> None:
    expected = {"a": {"b": 1, "c": 2}}
    assert dotdict({"a.b": 1, "a.c": 2}) == expected
    assert dotdict([("a.b", 1)], **{"a.c": 2}) == expected
    assert dotdict(dotdict(expected)) == expected
    assert dotdict() == dotdict([]) == {}
    with pytest.raises(TypeError):
        dotdict(None)  # type: ignore[arg-type]


def test_merging_takes_paths(plant: dotdict) -> None:
    merged = plant | {"a.z": 5}
    assert type(merged) is dotdict
    assert merged["a.z"] == 5
    assert "a.z" not in plant
    plant |= {"a.z": 6}
    assert plant["a.z"] == 6
    with pytest.raises(TypeError):
        plant | 5


@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_plain_dicts_become_layers(kind: type[dict[str, Any]]) -> None:
    d = dotdict()
    d["x"] = kind({"p.q": {"r": 1}})
    d.y = kind(s=2)
    assert type(d.x) is type(d.x.p.q) is type(d.y) is dotdict
    assert d["x.p.q.r"] == 1


def test_a_dotdict_is_stored_as_it_is() -> None:
    d, layer = dotdict(), dotdict(q=1)
    d["x.y"] = layer
    assert d.x.y is layer


def test_layers_are_of_the_class_of_their_root() -> None:
    class record(dotdict):
        __slots__ = ()

    d = record({"a": {"b": 1}})
    d["c.d"] = 2
    assert type(d.a) is type(d.c) is type(d.copy()) is record


def test_attributes_are_names(plant: dotdict) -> None:
    plant.a.b = 5
    plant.x = {"y": 1}
    assert plant["a.b"] == 5
    assert plant.x.y == 1
    del plant.a.b
    assert "a.b" not in plant
    assert hasattr(plant, "x")
    assert not hasattr(plant, "zz")


def test_a_missing_attribute_is_an_attribute_error(plant: dotdict) -> None:
    with pytest.raises(AttributeError, match='cannot get "zz"'):
        _ = plant.a.zz
    with pytest.raises(AttributeError, match='cannot del "zz"'):
        del plant.zz
    with pytest.raises(AttributeError, match="partial key"):
        del plant.a


def test_dir_shows_the_top_layer(plant: dotdict) -> None:
    assert {"a", "l", "n", "empty", "listkeys"} <= set(dir(plant))
    assert "b" not in dir(plant)


def test_there_is_no_attribute_beside_the_items(plant: dotdict) -> None:
    assert not hasattr(plant, "__dict__")


@pytest.mark.parametrize(
    "name",
    [
        *("clear", "copy", "get", "items", "keys", "pop", "popitem", "set"),
        *("setdefault", "update", "values", "iteritems", "iterkeys", "itervalues"),
        *("listitems", "listkeys", "listvalues", "__len__", "__anything"),
    ],
)
def test_names_of_methods_are_refused(plant: dotdict, name: str) -> None:
    before = plant.copy()
    for path in name, f"a.{name}", f"x.y.{name}", f"x.{name}.y", f"l[0].{name}":
        with pytest.raises(KeyError, match=f'cannot set "{name}"'):
            plant[path] = 1
    with pytest.raises(KeyError, match=f'cannot set "{name}"'):
        setattr(plant, name, 1)
    with pytest.raises(KeyError, match=f'cannot set "{name}"'):
        plant["x"] = {name: 1}
    assert plant == before


def test_names_with_one_underscore_are_kept() -> None:
    assert dotdict({"_split": 1})._split == 1


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, dotdict.copy, copy.deepcopy],
    ids=["copy", "method", "deep"],
)
def test_a_copy_has_its_own_layers_and_lists(
    plant: dotdict, duplicate: Callable[[dotdict], dotdict]
) -> None:
    before = plant.listitems()
    other = duplicate(plant)
    assert type(other) is dotdict
    assert other == plant
    other["a.b"] = 7
    other["a.c.d"] = 7
    other["l[0].i"] = 7
    other["n[0]"] = 7
    other["empty.x"] = 7
    assert [(path, plant[path]) for path, _ in before] == before
    assert plant.n == [10, 20]
    assert plant.empty == {}


def test_copy_shares_values_and_deepcopy_does_not() -> None:
    d = dotdict({"a.input": bytearray(b"x")})
    assert copy.copy(d).a.input is d.a.input
    assert copy.deepcopy(d).a.input is not d.a.input


def test_pickle_keeps_layers_and_lists(plant: dotdict) -> None:
    other = pickle.loads(pickle.dumps(plant))
    assert type(other.a) is dotdict
    assert other == plant


def test_a_plain_dict_of_it_has_full_paths(plant: dotdict) -> None:
    del plant["l"]
    flat = {"a.b": 1, "a.c.d": 2, "n": [10, 20], "empty": {}}
    assert dict(plant) == {**plant} == json.loads(json.dumps(plant)) == flat


# The properties below hold for any names without a dot, an index, or a refused name.
NAMES = st.text(st.characters(codec="utf-8", exclude_characters=".[]"), min_size=1)
NAMES = (NAMES | st.sampled_from("abc")).filter(
    lambda name: not name.startswith("__") and not hasattr(dotdict, name)
)
PATHS = st.lists(NAMES, min_size=1, max_size=4)
TREES = st.recursive(
    st.dictionaries(NAMES, st.integers() | st.lists(st.integers()), max_size=4),
    lambda trees: st.dictionaries(
        NAMES,
        trees | st.lists(trees.map(dotdict), max_size=12),
        max_size=3,
    ),
).map(dotdict)


@given(st.lists(st.tuples(PATHS, st.integers())))
def test_what_is_set_is_got(settings: list[tuple[list[str], int]]) -> None:
    d, model = dotdict(), dict[tuple[str, ...], int]()
    for names, value in settings:
        prefixes = {tuple(names[:at]) for at in range(1, len(names))}
        if prefixes & set(model):
            with pytest.raises(KeyError, match="cannot set"):
                d[".".join(names)] = value
            continue
        for path in [p for p in model if p[: len(names)] == tuple(names)]:
            del model[path]
        d[".".join(names)] = value
        model[tuple(names)] = value
    assert {tuple(path.split(".")): value for path, value in d.items()} == model
    for path, value in model.items():
        assert d[".".join(path)] == d.get(".".join(path)) == value


@given(TREES)
def test_every_path_of_an_iteration_resolves(tree: dotdict) -> None:
    for depth in None, 0, 1, 2:
        for path, value in tree.items(depth):
            assert path in tree
            assert tree[path] is tree.get(path) is value


@given(TREES, st.data())
def test_a_copy_is_equal_and_independent(tree: dotdict, data: st.DataObject) -> None:
    duplicate = data.draw(st.sampled_from([copy.copy, copy.deepcopy]))
    before = tree.listitems()
    other = duplicate(tree)
    assert other == tree
    assert other.listitems() == before
    for path in other.listkeys():
        other[path] = "changed"
    assert tree.listitems() == before


@given(st.text(st.sampled_from("ab.[]019+-*/% ()_'\\:,\0") | st.characters()))
def test_any_text_is_a_value_or_a_missing_path(path: str) -> None:
    d = dotdict({"a": [dotdict(b=1), dotdict(b=0)], "b.a": 1})
    found = path in d
    try:
        value = d[path]
    except KeyError:
        assert not found
        assert d.get(path, "default") == "default"
    else:
        assert found
        assert d.get(path) is value

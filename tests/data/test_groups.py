from __future__ import annotations

from limbeck.core.source import Row
from limbeck.data.groups import domain_ids, group_ids, label_ids


def row(number: int, **known: str) -> Row:
    return Row(str(number), frozenset({"text"}), **known)


def test_groups_and_captions_link_rows_through_others() -> None:
    rows = [
        row(0, text="a cat"), row(1, group="g", text="dog"), row(2, text="A  Cat"), row(3, group="g", text="a cat"),
        row(4), row(5), row(6, text="dog."),
    ]  # fmt: skip
    assert group_ids(rows).tolist() == [0, 0, 0, 0, 4, 5, 6]


def test_a_group_is_not_a_caption() -> None:
    assert group_ids([row(0, text="cat"), row(1, group="cat")]).tolist() == [0, 1]


def test_a_long_chain_does_not_recurse() -> None:
    rows = [row(n, group=f"g{n // 2}", text=f"t{(n + 1) // 2}") for n in range(50_000)]
    assert set(group_ids(rows).tolist()) == {0}


def test_labels_are_numbered_in_order_of_name() -> None:
    ids, names = label_ids([row(0, label="dog"), row(1), row(2, label="cat"), row(3, label="dog")])
    assert names == ("cat", "dog")
    assert ids.tolist() == [1, -1, 0, 1]


def test_domains_are_numbered_like_labels() -> None:
    rows = [Row(name, frozenset(), domain=domain) for name, domain in (("1", "west"), ("2", ""), ("3", "east"))]
    numbers, names = domain_ids(rows)
    assert (numbers.tolist(), names) == ([1, -1, 0], ("east", "west"))

"""What Python callers give a verb: made into what its annotations say, or refused by the argument's name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest

import limbeck
from limbeck.core.errors import UsageError
from limbeck.verbs.kept import kept_in_cache
from pipeline import worlds


@kept_in_cache
def verb(
    data: Annotated[str, "table"] = "t",
    *,
    methods: Annotated[str, "names"] = "balanced",
    student: Annotated[str | None, "preset"] = None,
    steps: Annotated[int, "steps"] = 0,
    budget: Annotated[Literal["steps", "seconds"], "what"] = "steps",
    max_bad: Annotated[float | None, "share"] = 0.01,
    validate: Annotated[bool, "rows"] = False,
    allow: Annotated[tuple[str, ...], "checks"] = (),
    out: Annotated[Path | str | None, "folder"] = None,
    anything: Annotated[Any, "anything"] = None,
    cache: Annotated[Path | str | None, "folder"] = None,
) -> dict[str, Any]:
    return dict(locals())


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"allow": "teacher at chance"}, ("teacher at chance",)),
        ({"allow": ["a", "b"]}, ("a", "b")),
        ({"allow": ("a",)}, ("a",)),
        ({"max_bad": "1%"}, 0.01),
        ({"max_bad": "0.5"}, 0.5),
        ({"max_bad": 1}, 1.0),
        ({"max_bad": None}, None),
        ({"methods": ["balanced", "siglip"]}, "balanced,siglip"),
        ({"data": Path("t.csv")}, "t.csv"),
        ({"student": None}, None),
        ({"budget": "seconds"}, "seconds"),
        ({"steps": np.int64(4)}, 4),
        ({"validate": True}, True),
        ({"out": "x"}, "x"),
        ({"out": Path("x")}, Path("x")),
        ({"anything": {1}}, {1}),
    ],
)
def test_what_is_meant_is_taken(given, taken):
    name = next(iter(given))
    found = verb(**given)[name]
    assert (found, type(found)) == (taken, type(taken))
    if name == "data":
        assert verb(given[name])[name] == taken


@pytest.mark.parametrize(
    ("given", "phrase"),
    [
        ({"data": None}, r"^data takes a string; got None$"),
        ({"data": ["a"]}, r"^data takes a string; got \['a'\]$"),
        ({"methods": [1]}, r"^methods takes a string or a list of strings; got \[1\]$"),
        ({"student": 3}, r"^student takes a string or None; got 3$"),
        ({"steps": 4.0}, r"^steps takes a whole number; got 4\.0$"),
        ({"steps": True}, r"^steps takes a whole number; got True$"),
        ({"steps": "4"}, r"^steps takes a whole number; got '4'$"),
        ({"budget": "second"}, r"^budget takes 'steps' or 'seconds'; got 'second'$"),
        ({"max_bad": "much"}, r"^max_bad takes a number \(or a percentage, '1%'\) or None; got 'much'$"),
        ({"max_bad": True}, r"^max_bad takes a number"),
        ({"validate": 1}, r"^validate takes True or False; got 1$"),
        ({"allow": 3}, r"^allow takes a tuple of strings; got 3$"),
        ({"allow": ("a", 3)}, r"^allow takes a tuple of strings; got \('a', 3\)$"),
        ({"allow": None}, r"^allow takes a tuple of strings; got None$"),
        ({"out": 3}, r"^out takes a path or None; got 3$"),
        ({"cache": 3}, r"^cache takes a path or None; got 3$"),
        ({"data": "x" * 500, "steps": ["y" * 500]}, r"^steps takes a whole number; got a list$"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(given, phrase):
    with pytest.raises(UsageError, match=phrase):
        verb(**given)


def test_unknown_and_missing_arguments_are_left_to_python():
    with pytest.raises(TypeError, match="unexpected keyword argument 'step'"):
        verb(step=3)


@pytest.mark.parametrize("wrong", [{"student": None}, {"steps": 4.0}, {"max_bad": "1 of 100"}, {"allow": 3}])
def test_the_verbs_refuse_before_anything_is_written(wrong, tmp_path):
    with pytest.raises(UsageError, match=f"^{next(iter(wrong))} takes "):
        limbeck.distill(worlds.data(), **worlds.arguments(tmp_path / "run") | wrong)
    assert not (tmp_path / "run").exists()


def test_one_template_may_be_a_string(capsys):
    found = limbeck.evaluate(worlds.finished().folder, data=worlds.data(), prompt="a {}", max_bad="5%")
    assert found.prompts == ("a {}",)

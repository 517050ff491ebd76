"""What changed between two recipes is said by name."""

from __future__ import annotations

from limbeck.pipeline.differences import differences


def test_every_change_is_named_by_its_path():
    found = {"seed": 0, "stages": [{"budget": {"steps": 5}}], "teacher": "icons", "gone": 1}
    asked = {"seed": 1, "stages": [{"budget": {"steps": 6}}], "teacher": "icons", "new": [1]}
    assert differences(found, asked, most=9) == (
        "seed: 0 there, 1 asked for; stages.0.budget.steps: 5 there, 6 asked for; "
        "gone: 1 there, null asked for; new: null there, [1] asked for"
    )
    assert differences(found, asked, most=1) == "seed: 0 there, 1 asked for; and 3 more"
    assert differences(found, found) == ""


def test_lists_of_other_lengths_and_long_values_are_cut():
    assert differences({"a": [1]}, {"a": [1, 2]}) == "a: [1] there, [1, 2] asked for"
    assert len(differences({"a": "x" * 500}, {"a": "y"})) < 120

"""Every method and recipe, by discovery: it survives JSON, and each term is wired to inputs that its objective has."""

from __future__ import annotations

import json

import pytest

from limbeck.core import discovery, graph
from limbeck.core.describe import build, describe, equal
from limbeck.core.part import Part
from limbeck.core.recipe import Method, Recipe

EVERYTHING = discovery.methods() | discovery.recipes()
PRODUCERS = {f"{who}.{what}" for who in ("student", "teacher") for what in ("image", "text", "audio", "scale")}
PRODUCERS |= {"target", "progress"}


@pytest.fixture(params=sorted(EVERYTHING))
def found(request):
    return EVERYTHING[request.param]()


def terms_of(item: Method | Recipe):
    if isinstance(item, Method):
        return [item.terms]
    return [stage.terms for stage in item.stages]


def further(item: Method | Recipe) -> set[str]:
    """Names of what further teachers say."""
    return {f"{name}.{what}" for name in getattr(item, "teachers", {}) for what in ("image", "text")}


def test_two_calls_are_equal_and_json_brings_it_back(found):
    again = build(json.loads(json.dumps(describe(found))))
    assert type(again) is type(found)
    assert equal(again, found)


def test_terms_are_wired_to_inputs_that_exist(found):
    assert any(terms_of(found))
    for terms in terms_of(found):
        for name, term in terms.items():
            inputs = term.objective.inputs()
            assert term.inputs.keys() <= inputs.keys(), name
            assert {key for key, required in inputs.items() if required} <= term.inputs.keys(), name
            assert {ref.producer for ref in term.inputs.values()} <= PRODUCERS | further(found) | set(found.parts), name


def test_parts_are_wired_to_inputs_that_exist(found):
    for name, part in found.parts.items():
        if isinstance(part, Part):
            arguments = part.arguments()
            assert part.inputs.keys() <= arguments.keys(), name
            assert {key for key, required in arguments.items() if required} <= part.inputs.keys(), name


def test_a_teacher_never_stands_where_a_student_learns(found):
    for terms in terms_of(found):
        for term in terms.values():
            for key, ref in term.inputs.items():
                detached = key.startswith(("teacher", "target"))
                assert not (detached and ref.producer.startswith("student.")), (key, str(ref))
                assert detached or not ref.producer.startswith("teacher."), (key, str(ref))


def test_a_recipe_trains_what_its_terms_reach_and_never_a_teacher(found):
    for stage in getattr(found, "stages", ()):
        reached = {ref.producer for ref in graph.refs_of(stage, found.parts)}
        assert stage.trains
        assert set(stage.trains) <= reached
        assert not [name for name in stage.trains if name.startswith("teacher")]

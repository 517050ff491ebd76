"""Who teaches whom in a claim, and which humbling arms it faces, read off its recipes: no list of names is kept.

A **teacher** is a frozen encoder, or a part that an earlier stage of the run has trained, that a stage learns from,
as it is or in something that does not answer in the end. A student's own moving average is the student; what only maps
frozen encoders learns from nobody. `main()` lists every claim that has a teacher.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from limbeck.claims.found import arms_of, claim_of, claims
from limbeck.core.discovery import recipes
from limbeck.core.part import Moving, Part
from limbeck.core.recipe import Recipe
from limbeck.core.study import METHOD, Study
from limbeck.core.term import Ref, Term
from limbeck.encoders.student import student_presets
from limbeck.pipeline.apprentice import PREFIX, recipe_of
from limbeck.surgery.inherit_weights import InheritWeightsSurgery

UNTAUGHT, FEATURES, WEIGHTS = "no arm without a teacher", "no feature matching", "no inherited weights"


@dataclass(frozen=True)
class Faces:
    """What a claim lacks of three arms, named by the words with which its text may say why.

    Args:
        lacks: arms that a claim of this kind has and this one has not.
        says: arms that its text says are not there.
    """

    lacks: frozenset[str]
    says: frozenset[str]


def faces(item: Recipe | Study) -> Faces | None:
    """What a claim faces; None where no teacher teaches a student."""
    taught, others = _arms(item)
    if not any(teachers_of(one) for one in taught):
        return None
    sources = {name.split(".")[0] for one in taught for name in teachers_of(one)}
    found = set()
    for label, arm in others.items():
        starts_taught = "teacher" in sources and inherits(arm)
        found |= {UNTAUGHT} if not starts_taught and not reads_a_teacher(arm) else set()
        found |= {FEATURES} if matches_features(arm, label) else set()
    if any(inherits(one) for one in [*taught, *others.values()]) or not any(of_one_kind(one) for one in taught):
        found.add(WEIGHTS)
    every = {UNTAUGHT, FEATURES, WEIGHTS}
    says = {words for words in every if f"{words}:" in claim_of(item).differs}
    return Faces(frozenset(every - found), frozenset(says))


def teachers_of(recipe: Recipe) -> set[str]:
    """Producers that teach in any stage."""
    return set().union(*(_standing(recipe, number) for number in range(len(recipe.stages))))


def reads_a_teacher(recipe: Recipe) -> bool:
    """Whether anything of a teacher is in its training or in its answers."""
    refs = [
        *recipe.answers.values(),
        *(ref for spec in recipe.stages for term in spec.terms.values() for ref in _of(term)),
    ]
    return bool(teachers_of(recipe)) or any(_is_encoder(name, recipe) for name in _closure(refs, recipe))


def matches_features(recipe: Recipe, label: str = "") -> bool:
    """Whether features are what the student learns of the teacher, and nothing else unless the arm is called so."""
    lessons = list(_lessons(recipe))
    features = [type(one.objective).__module__.startswith("limbeck.objectives.feature.") for one in lessons]
    return any(features) and (all(features) or "feature matching" in label)


def inherits(recipe: Recipe) -> bool:
    """Whether the student starts with a choice of a teacher's weights."""
    surgeries = [*recipe.surgeries, *(one for spec in recipe.stages for one in spec.surgeries)]
    return any(isinstance(one, InheritWeightsSurgery) for one in surgeries)


def of_one_kind(recipe: Recipe) -> bool:
    """Whether a teacher that is trained here is the same kind of network as the student, so that it could inherit."""
    named = {"teacher": recipe.teacher or "", **recipe.teachers}
    own = {named.get(name.split(".")[0], "") for name in teachers_of(recipe)}
    presets = student_presets()
    kinds = {presets[recipe_of(name).student]().model_type for name in own if name.startswith(PREFIX)}
    return presets[recipe.student]().model_type in kinds


def main() -> None:
    """Every claim with a teacher: what it lacks, and what it says of that."""
    for name, item in claims().items():
        one = faces(item)
        if one is not None:
            lacks = "; ".join(words + (" (said)" if words in one.says else "") for words in sorted(one.lacks))
            print(f"{name}: {lacks or 'all that there can be'}")


def _arms(item: Recipe | Study) -> tuple[list[Recipe], Mapping[str, Recipe]]:
    """The method, and its baselines by label; of a study those recipes that its function names."""
    if isinstance(item, Recipe):
        others = arms_of(item)
        return [others.pop(METHOD)], others
    known, reached = recipes(), []
    for name in item.measure.__code__.co_names:
        if name in known and name in item.measure.__globals__:
            reached.append(known[name]())
    labels = {recipe: label for label, recipe in item.claim.baselines.items()}
    others = {labels[one.name]: one for one in reached if one.name in labels}
    return [one for one in reached if one.name not in labels], others


def _standing(recipe: Recipe, number: int) -> set[str]:
    """Producers that stand still in a stage and are learnt from, not only mapped to an answer by what trains."""
    spec = recipe.stages[number]
    before = {name for earlier in recipe.stages[:number] for name in earlier.trains}
    refs = [ref for term in spec.terms.values() for ref in _of(term)]
    answering = _closure(recipe.answers.values(), recipe)
    read = _closure(refs, recipe, without=spec.trains) | (_closure(refs, recipe) - answering - set(spec.trains))
    return {name for name in read if _is_encoder(name, recipe) or (name in recipe.parts and name in before)}


def _lessons(recipe: Recipe) -> Iterator[Term]:
    """Terms that read a teacher while it stands still."""
    for number, spec in enumerate(recipe.stages):
        standing = _standing(recipe, number)
        yield from (term for term in spec.terms.values() if _closure(_of(term), recipe) & standing)


def _of(term: Term) -> Iterable[Ref]:
    return term.inputs.values()


def _closure(refs: Iterable[Ref], recipe: Recipe, *, without: Iterable[str] = ()) -> set[str]:
    """Names of all producers that these outputs come from; nothing is looked for behind those `without`."""
    found: set[str] = set()
    left = [ref.producer for ref in refs]
    while left:
        name = left.pop()
        if name in found or name in without:
            continue
        found.add(name)
        part = recipe.parts.get(name)
        left += [ref.producer for ref in part.inputs.values()] if isinstance(part, (Part, Moving)) else []
        left += [part.of] if isinstance(part, Moving) else []
    return found


def _is_encoder(name: str, recipe: Recipe) -> bool:
    """Whether a producer is a frozen encoder of one of the recipe's teachers."""
    return name not in recipe.parts and name.split(".")[0] in {"teacher", *recipe.teachers}


if __name__ == "__main__":
    main()

"""Claims by discovery: recipes with a `Claim`, and studies."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.discovery import modules, recipes, studies
from limbeck.core.errors import UsageError, unknown
from limbeck.core.recipe import Claim, Recipe
from limbeck.core.study import METHOD, Study
from limbeck.pipeline.steady import steady

PAPERS = "limbeck.recipes.papers"


def claims() -> dict[str, Recipe | Study]:
    """Name -> the recipe or study whose claim it is."""
    found: dict[str, Recipe | Study] = {}
    for name, function in (recipes() | studies()).items():
        item = function()
        if item.claim is not None:
            found[name] = item
    return dict(sorted(found.items()))


def claim_of(item: Recipe | Study) -> Claim:
    """The claim of a recipe that has one, or of a study.

    Raises:
        UsageError: the recipe claims nothing.
    """
    if item.claim is None:
        raise UsageError(f"recipe '{item.name}' claims nothing; give it a `claim`")
    return item.claim


def find_claim(name: str) -> Recipe | Study:
    """One claim by name.

    Raises:
        UsageError: there is none; the nearest is named.
    """
    found = claims()
    if name not in found:
        raise UsageError(unknown("claim", name, found))
    return found[name]


def arms_of(recipe: Recipe) -> dict[str, Recipe]:
    """`method` and the label of each baseline -> recipe, as it is measured: in fp32 where it says `auto`.

    Raises:
        UsageError: a baseline that is no recipe, or none at all.
    """
    claim, known = claim_of(recipe), recipes()
    arms = {METHOD: steady(recipe)}
    for label, name in claim.baselines.items():
        if name not in known:
            raise UsageError(unknown("recipe", name, known, where=f"baselines of the claim '{recipe.name}'"))
        arms[label] = steady(known[name]())
    if len(arms) < 2 or (claim.decides and claim.decides not in claim.baselines):
        raise UsageError(
            f"the claim '{recipe.name}' is decided by '{claim.decides}', and its baselines are "
            f"{', '.join(claim.baselines) or 'none'}; it needs one that decides"
        )
    return arms


def labels_of(item: Recipe | Study) -> list[str]:
    """The arms of a claim, the method first."""
    return [METHOD, *claim_of(item).baselines]


def paper_files() -> Mapping[str, list[str]]:
    """File of `recipes/papers` -> names of the claims in it, or of those that its recipes are baselines of."""
    functions, known = recipes() | studies(), claims()
    files: dict[str, set[str]] = {
        module.__name__: set()
        for module in modules("recipes")
        if module.__name__.startswith(PAPERS + ".") and not hasattr(module, "__path__")
    }
    for name, item in known.items():
        baselines = claim_of(item).baselines.values() if isinstance(item, Recipe) else ()
        for function in (name, *baselines):
            if function in functions and functions[function].__module__ in files:
                files[functions[function].__module__].add(name)
    return {f"{module.rpartition('.')[2]}.py": sorted(names) for module, names in sorted(files.items())}

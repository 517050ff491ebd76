"""`limbeck run`: any recipe, by name or from the JSON of an earlier run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from limbeck.verbs.kept import kept_in_cache

if TYPE_CHECKING:
    from limbeck.core.recipe import Recipe
    from limbeck.pipeline.execute import Run


@kept_in_cache
def run(
    recipe: Annotated[str, "name of a recipe (see `limbeck list recipe`), or a recipe.json"],
    *,
    out: Annotated[Path | str, "folder for the run; must be new or an interrupted run of the same recipe"],
    set: Annotated[tuple[str, ...], "change a value: --set stages.0.budget.steps=100 (repeatable)"] = (),
    cache: Annotated[Path | str | None, "folder for caches; default: LIMBECK_CACHE or ~/.cache/limbeck"] = None,
    workers: Annotated[int, "data-loader processes"] = 0,
    allow: Annotated[tuple[str, ...], "train although this check found an error: --allow 'teacher at chance'"] = (),
) -> Run:
    """Run any recipe: a named one, or the resolved JSON of an earlier run.

    Raises:
        UsageError: no such recipe, or a change that does not fit it.
    """
    from functools import partial

    from limbeck.data.places import cache_folder
    from limbeck.encoders.student import make_student
    from limbeck.pipeline.checks.before import check_before, check_taught
    from limbeck.pipeline.checks.finding import check_allowed
    from limbeck.pipeline.execute import check_folder, execute, open_bench
    from limbeck.pipeline.finish import report_run, run_lines
    from limbeck.pipeline.notify import to_stderr

    notify = to_stderr()
    out, root = Path(out), cache_folder()
    resolved = resolve(recipe, set)
    check_place(resolved, recipe)
    check_folder(out, resolved)
    make_student(resolved.student)  # a wrong name is said before anything is read
    check_allowed(allow)
    bench = open_bench(resolved, cache=root, notify=notify)
    findings = check_before(resolved, bench, out=out, notify=notify, allow=allow)
    examine = partial(check_taught, bench=bench, findings=findings, notify=notify, allow=allow)
    finish = partial(report_run, findings=findings)
    done = execute(
        resolved, out, cache=root, bench=bench, workers=workers, notify=notify, examine=examine, finishers=(finish,)
    )
    print("\n".join(run_lines(done)))
    return done


def check_place(resolved: Recipe, recipe: str) -> None:
    """A recipe that an earlier run wrote names its data as they were named then, often from another folder.

    Raises:
        DataError: they are not there from here.
    """
    from limbeck.core.errors import DataError
    from limbeck.data.named import built_in

    path = Path(resolved.data.path).expanduser()
    known = resolved.data.path.partition(":")[0] in built_in()
    if Path(recipe).expanduser().is_file() and not known and not path.is_absolute() and not path.exists():
        raise DataError(
            f"{recipe} names its data '{path}', which is not in {Path.cwd()}; run it from the folder where the first "
            "run was made, or add --set data.path=FILE"
        )


def resolve(recipe: str, changes: tuple[str, ...] = ()) -> Recipe:
    """A recipe by name or file, with changes made to it."""
    from limbeck.core.artefact import read_json
    from limbeck.core.describe import build, describe
    from limbeck.core.discovery import recipes
    from limbeck.core.errors import UsageError, unknown
    from limbeck.core.recipe import Recipe
    from limbeck.verbs.overrides import apply_overrides

    path = Path(recipe).expanduser()
    if path.suffix == ".json" or path.is_file():
        plain = read_json(path, kind="recipe")
    else:
        known = recipes()
        if recipe not in known:
            raise UsageError(unknown("recipe", recipe, known))
        plain = describe(known[recipe]())
    built = build(apply_overrides(plain, changes), where="recipe")
    if not isinstance(built, Recipe):
        raise UsageError(f"{recipe} describes a {type(built).__name__}, not a Recipe")
    return built

"""What one process of a comparison does: prepare a teacher, train an arm under a seed, read the test split once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from limbeck.compare.crew import Task
from limbeck.core.artefact import MANIFEST, discard, read_json, sha256_json, write_json
from limbeck.core.describe import build, describe
from limbeck.core.errors import ArtefactError
from limbeck.core.recipe import Recipe
from limbeck.data.alone import alone
from limbeck.data.open import open_source
from limbeck.data.prepared import PreparedStore
from limbeck.data.scan import ScanReport
from limbeck.data.subset import SubsetSource
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.pipeline.checks.leakage import Leaks
from limbeck.pipeline.differences import differences
from limbeck.pipeline.execute import Bench, claim_folder, execute, measure_teacher, open_named, prepare_teacher
from limbeck.pipeline.measure import Measured, measured_from
from limbeck.pipeline.notify import Notify
from limbeck.pipeline.rows import Rows
from limbeck.pipeline.teach import Taught, wanted_of
from limbeck.pipeline.train import Trained, identity_of, train

TRAINED = "trained.json"
TEST_READ = "test-read.json"
_LAST = ("score", "test")


class ComparisonDesk:
    """Does the tasks of one comparison.

    Args:
        bench: data and teacher.
        out: folder of the comparison.
        notify: takes one line a fact.
    """

    def __init__(self, bench: Bench, *, out: Path, notify: Notify) -> None:
        self.bench, self.out, self.notify = bench, out, notify
        self._taught: dict[str, Taught | None] = {}

    def __call__(self, task: Task) -> None:
        """Do one task.

        Args:
            task: `do` (`try`, `train`, `score` the teacher, or `test`), `name`, `recipe` as JSON and, but for the
                teacher, `folder`.
        """
        recipe, do = build(task["recipe"]), task["do"]
        self.notify(f"{task['name']}, seed {recipe.seed}: {'reading the test split' if do in _LAST else 'training'}")
        if do == "score":
            self.teacher_scores(recipe)
        elif do == "test":
            self.test(recipe, self.out / task["folder"])
        else:
            self.train(recipe, self.out / task["folder"])
        if do == "try":  # of a trial only the validation value is of use
            discard(self.out / task["folder"] / "checkpoints")

    def taught(self, recipe: Recipe) -> Taught | None:
        """The teacher under the recipe's seed, prepared once."""
        key = sha256_json([recipe.seed, recipe.teacher, describe(recipe.teachers), extra_outputs(recipe)])
        if key not in self._taught:
            folder = self.out / "teachers" / f"seed-{recipe.seed}-{key[:8]}"
            folder.mkdir(parents=True, exist_ok=True)
            with alone(folder, lambda: self.notify("another process prepares this teacher; waiting")):
                self._taught[key] = prepare_teacher(recipe, self.bench, folder=folder, notify=self.notify)
        return self._taught[key]

    def train(self, recipe: Recipe, folder: Path) -> Trained:
        """Train to the end, without a look at the test split, and say so in `trained.json`."""
        claim_folder(recipe, folder)
        taught = self.taught(recipe)
        source, rows = self.bench.source, self.bench.rows
        done = train(recipe, source, rows, taught, folder=folder, store=self.bench.store, notify=self.notify)
        last = done.fits[recipe.stages[-1].name]
        found = {
            "recipe": describe(recipe),
            "identity": identity_of(recipe, source, taught),
            "validation": {name: float(value) for name, value in last.best.items()},
            "steps": {name: fit.steps for name, fit in done.fits.items()},
            "seconds": {name: fit.seconds for name, fit in done.fits.items()},
            "precision": {name: fit.precision for name, fit in done.fits.items()},
            "threads": torch.get_num_threads(),
        }
        write_json(folder / TRAINED, found)
        return done

    def test(self, recipe: Recipe, folder: Path) -> None:
        """Read the test split with a run that is trained; the folder is finished and sealed afterwards.

        Raises:
            ArtefactError: the comparison has not said that everything is trained.
        """
        self._sealed()
        execute(
            recipe,
            folder,
            cache=self.bench.cache,
            bench=self.bench,
            taught=self.taught(recipe),
            teacher=self.teacher_scores(recipe),
            notify=self.notify,
        )

    def teacher_scores(self, recipe: Recipe) -> Measured | None:
        """The teacher's test metrics under the recipe's seed, measured once."""
        taught = self.taught(recipe)
        if taught is None:
            return None
        self._sealed()
        path = self.out / "teachers" / f"{taught.fingerprint[:16]}.json"
        if not path.exists():
            found = measure_teacher(taught, self.bench, recipe.evaluators or (RetrievalEvaluator(),))
            write_json(path, None if found is None else found.to_json())
        plain = read_json(path, kind="evaluation")
        return None if plain is None else measured_from(plain)

    def _sealed(self) -> None:
        if not (self.out / TEST_READ).exists():
            raise ArtefactError(f"{self.out} has runs that are not trained; the test split is read after the last one")


def extra_outputs(recipe: Recipe) -> dict[str, tuple[str, ...]]:
    """What a recipe reads of its teachers beyond their vectors; arms that read the same share a teacher."""
    wanted = wanted_of(recipe).items()
    return {name: found for name, found in wanted if set(found) - {"pooled"} and not name.startswith("student.")}


def is_trained(recipe: Recipe, folder: Path, data: str) -> Mapping[str, Any] | None:
    """What `trained.json` says of this recipe on this data; None where training has not ended.

    Raises:
        ArtefactError: the folder holds another run.
    """
    path = folder / TRAINED
    if not path.exists():
        return None
    plain: dict[str, Any] = read_json(path, kind="record of a training")
    found = {"recipe": plain.get("recipe"), "data": plain.get("identity", {}).get("data")}
    asked = {"recipe": describe(recipe), "data": data}
    if found != asked:
        raise ArtefactError(
            f"{folder} holds a run with another past ({differences(found, asked)}); choose another --out or delete it"
        )
    return plain


def is_tested(folder: Path) -> bool:
    """Whether the run is finished: its manifest is the last thing that is written."""
    return (folder / MANIFEST).exists()


def write_plan(path: Path, bench: Bench, recipe: Recipe) -> None:
    """What another process needs to open the same bench without reading every row again."""
    kept = bench.source.keep if isinstance(bench.source, SubsetSource) else None
    rows = {kind: list(indices) for kind, indices in bench.rows.train.items()}
    held = {"validation": list(bench.rows.validation), "test": list(bench.rows.test)}
    plain = {"recipe": describe(recipe), "cache": str(bench.cache), "kept": kept and list(kept)}
    write_json(path, plain | {"train": rows, **held, "data": bench.source.fingerprint()})


def open_desk(plan: Path, notify: Notify) -> ComparisonDesk:
    """The desk of a comparison in another process, from what `write_plan` wrote beside its runs.

    Raises:
        ArtefactError: the data is not what it was.
    """
    plain = read_json(plan, kind="plan of a comparison")
    recipe: Recipe = build(plain["recipe"])
    source = open_source(recipe.data.path, max_bad=recipe.data.max_bad)
    if plain["kept"] is not None:
        source = SubsetSource(source, keep=plain["kept"])
    if source.fingerprint() != plain["data"]:
        raise ArtefactError(f"{recipe.data.path} has changed since {plan} was written; start again in another --out")
    train_rows = {kind: tuple(rows) for kind, rows in plain["train"].items()}
    rows = Rows(train_rows, tuple(plain["validation"]), tuple(plain["test"]))
    cache = Path(plain["cache"])
    models = open_named(recipe.teacher, cache=cache, notify=notify) if recipe.teacher is not None else None
    report = ScanReport(len(source), (), {})
    bench = Bench(source, rows, models, cache, PreparedStore(), report, Leaks())
    return ComparisonDesk(bench, out=plan.parent, notify=notify)

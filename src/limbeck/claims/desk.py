"""What one process does for a claim: an arm under a seed, its per-item values written down."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from limbeck.claims.found import claim_of, find_claim, labels_of
from limbeck.claims.items import pack
from limbeck.claims.lab import ClaimLab
from limbeck.compare.crew import Task
from limbeck.core.artefact import read_json, write_json
from limbeck.core.describe import build
from limbeck.core.errors import UsageError, unknown
from limbeck.core.recipe import Claim, Recipe
from limbeck.core.study import Study
from limbeck.pipeline.notify import Notify


class ClaimDesk:
    """Does the tasks of one claim: `{"seed": s}` of a study, `{"seed": s, "arm": label, "recipe": JSON}` of recipes.

    Args:
        item: the recipe or study.
        lab: where it is measured.
        folder: takes one file a task.
        notify: takes one line a fact.
    """

    def __init__(self, item: Recipe | Study, *, lab: ClaimLab, folder: Path, notify: Notify) -> None:
        self.item, self.lab, self.folder, self.notify = item, lab, folder, notify

    def __call__(self, task: Task) -> None:
        """Do one task and write its record."""
        seed = int(task["seed"])
        self.notify(f"{self.item.name}: {task.get('arm', 'every arm')}, seed {seed}")
        started, worked = time.perf_counter(), time.process_time()
        if isinstance(self.item, Study):
            found = self._study(self.item, seed)
        else:
            found = self._arm(build(task["recipe"]), seed)
        taken = {"seconds": time.perf_counter() - started, "cpu seconds": time.process_time() - worked}
        write_json(record(self.folder, task), taken | found)

    def _arm(self, recipe: Recipe, seed: int) -> dict[str, Any]:
        trial = self.lab.trial(recipe, seed=seed)
        metrics = {metric.name: metric for metric in trial.student.metrics}
        wanted = wanted_metrics(claim_of(self.item))
        for name in wanted:
            if name not in metrics:
                raise UsageError(unknown("metric", name, metrics, where=f"the claim '{self.item.name}'"))
        taught = trial.taught.fingerprint if trial.taught is not None else ""
        return {
            "data": {"path": recipe.data.path, "fingerprint": trial.source.fingerprint()},
            "teacher": {"name": recipe.teacher or "", "fingerprint": taught},
            "training": {"seconds": trial.seconds, "steps": trial.steps},
            "chance": {name: metrics[name].chance for name in wanted},
            "metrics": {name: pack([metrics[name].items]) for name in wanted},
            "controls": [control.verdict for control in trial.student.controls if not control.passed],
        }

    def _study(self, study: Study, seed: int) -> dict[str, Any]:
        found = study.measure(seed, self.lab)
        for label in labels_of(study):
            if label not in found:
                raise UsageError(unknown("arm", label, found, where=f"what the study '{study.name}' measured"))
            for name in wanted_metrics(study.claim):
                if name not in found[label]:
                    raise UsageError(unknown("metric", name, found[label], where=f"'{label}' of '{study.name}'"))
        return {
            "arms": {
                label: {name: pack([np.atleast_1d(found[label][name])]) for name in wanted_metrics(study.claim)}
                for label in labels_of(study)
            }
        }


def record(folder: Path, task: Task) -> Path:
    """Where the result of a task is."""
    arm = str(task.get("arm", "study")).replace(" ", "-").replace("/", "-")
    return folder / f"{arm}-seed-{task['seed']}.json"


def wanted_metrics(claim: Claim) -> Sequence[str]:
    """The deciding metric first, then those that are reported beside it."""
    return list(dict.fromkeys((claim.metric, *claim.also)))


def open_claim_desk(plan: Path, notify: Notify) -> ClaimDesk:
    """The desk of a claim in another process."""
    plain: Mapping[str, Any] = read_json(plan, kind="plan of a claim")
    lab = ClaimLab(Path(plain["cache"]), notify=notify, validation=bool(plain["validation"]))
    return ClaimDesk(find_claim(plain["claim"]), lab=lab, folder=plan.parent, notify=notify)

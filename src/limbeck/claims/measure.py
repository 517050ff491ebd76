"""`measure_claim`: every arm under every seed, a verdict, and an entry for the ledger."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from limbeck.claims.carry import carried, carried_record
from limbeck.claims.desk import ClaimDesk, open_claim_desk, record, wanted_metrics
from limbeck.claims.fingerprint import code_fingerprint, code_modules, source_file, training_code
from limbeck.claims.found import arms_of, claim_of, labels_of
from limbeck.claims.items import pack, unpack
from limbeck.claims.lab import ClaimLab
from limbeck.claims.ledger import FEWEST_SEEDS, SCHEMA, difference, machine, plain_difference, provenance, verdict_of
from limbeck.compare.crew import Crew, Task, fixed_threads
from limbeck.compare.rates import ROUNDS, dearer, measure_rates, shared_stages, steps_for
from limbeck.core.artefact import read_json, sha256_json, versions, write_json
from limbeck.core.describe import describe
from limbeck.core.errors import UsageError
from limbeck.core.recipe import Recipe
from limbeck.core.source_code import package_fingerprint
from limbeck.core.study import METHOD, Study
from limbeck.pipeline.notify import Notify, silent

VALIDATION_SEED = 100


def measure_claim(
    item: Recipe | Study,
    *,
    cache: Path,
    jobs: int = 2,
    threads: int = 1,
    before: Mapping[str, Any] | None = None,
    notify: Notify = silent,
) -> dict[str, Any]:
    """The ledger entry of a claim; arms and seeds that an earlier call has measured with the same code are reused.

    Args:
        item: what `find_claim` finds.
        cache: root of all caches; takes what is half done too.
        jobs: processes.
        threads: torch threads of each.
        before: the entry as it stands; where the claim has got more arms and nothing else has changed, only those are
            measured (`carried`).
        notify: takes one line a fact.

    Raises:
        UsageError: fewer than five seeds, an unknown baseline or metric.
    """
    claim = claim_of(item)
    if claim.seeds < FEWEST_SEEDS:
        raise UsageError(f"the claim '{item.name}' asks for {claim.seeds} seeds; at least {FEWEST_SEEDS} are needed")
    started = time.perf_counter()
    fingerprint = code_fingerprint(item)
    made_with = sha256_json([fingerprint, package_fingerprint(), threads])
    folder = cache / "claims" / item.name / made_with[:16]
    plan = folder / "plan.json"
    write_json(plan, {"claim": item.name, "cache": str(cache), "validation": False})
    lab = ClaimLab(cache, notify=notify)
    desk = ClaimDesk(item, lab=lab, folder=folder, notify=notify)
    arms = _budgeted(item, lab, folder, threads, notify)
    tasks = _tasks(arms, range(claim.seeds))
    kept = carried(item, before, threads=threads, data=lambda arm: lab.bench(arm).source.fingerprint())
    for task in tasks:
        if task.get("arm") in kept and not record(folder, task).exists():
            write_json(record(folder, task), carried_record(kept[task["arm"]], task["seed"]))
    if kept and before is not None:
        notify(f"{item.name}: {', '.join(kept)} as in the ledger, measured at commit {before['commit'][:10]}")
    with Crew(desk, opener=open_claim_desk, plan=plan, jobs=jobs, threads=threads, notify=notify) as crew:
        crew.work([task for task in tasks if not record(folder, task).exists()])
    found = [read_json(record(folder, task), kind="measurement") for task in tasks]
    entry: dict[str, Any] = {
        "schema": SCHEMA,
        "name": item.name,
        "kind": "study" if isinstance(item, Study) else "recipe",
        "claim": describe(claim),
        "seeds": list(range(claim.seeds)),
        "arms": _study_arms(item, found) if isinstance(item, Study) else _recipe_arms(item, arms, tasks, found),
        "teachers": _distinct([*_held(before, "teachers", "teacher", kept), *found], "teacher"),
        "data": _distinct([*_held(before, "data", "data", kept), *found], "data"),
        "code": {"fingerprint": fingerprint, "modules": list(code_modules(item)), "training": training_code()},
        **provenance([source_file(name) for name in code_modules(item)]),
        "versions": versions(),
        "machine": machine(),
        "threads": threads,
        "jobs": jobs,
        "seconds": round(sum(one["seconds"] for one in found), 1),
        "cpu seconds": round(sum(one["cpu seconds"] for one in found), 1),
        "wall seconds": round(time.perf_counter() - started, 1),
        "measured": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    entry["differences"] = {
        label: {metric: plain_difference(difference(entry, label, metric)) for metric in wanted_metrics(claim)}
        for label in claim.baselines
    }
    for label, arm in kept.items():
        entry["arms"][label]["carried"] = arm["carried"]
    entry["verdict"] = asdict(verdict_of(entry, claim))
    return entry


def validate_claim(
    item: Recipe | Study, arms: Mapping[str, Recipe] | None, *, cache: Path, threads: int = 1, notify: Notify = silent
) -> dict[str, dict[str, float]]:
    """Arm -> metric -> mean on the validation rows under one seed that no measurement uses; nothing is kept.

    Args:
        item: what `find_claim` finds.
        arms: label -> recipe with other settings; None takes the claim's.
        cache: root of all caches.
        threads: of torch.
        notify: takes one line a fact.
    """
    lab = ClaimLab(cache, notify=notify, validation=True)
    wanted = wanted_metrics(claim_of(item))
    with fixed_threads(threads):
        if isinstance(item, Study):
            scores = item.measure(VALIDATION_SEED, lab)
            return {
                label: {name: float(np.mean(np.asarray(scores[label][name], dtype=float))) for name in wanted}
                for label in labels_of(item)
            }
        found = {}
        for label, recipe in (arms or arms_of(item)).items():
            metrics = {metric.name: metric.value for metric in lab.trial(recipe, seed=VALIDATION_SEED).student.metrics}
            found[label] = {name: metrics[name] for name in wanted if name in metrics}
        return found


def _budgeted(item: Recipe | Study, lab: ClaimLab, folder: Path, threads: int, notify: Notify) -> dict[str, Recipe]:
    """The arms; with a budget of seconds, the dearer ones with as many steps as take the cheapest one's seconds.

    Stages that all arms share stay as long as they are and do not count, and an arm that has no other is no measure of
    what the others cost.
    """
    if isinstance(item, Study):
        return {}
    arms = arms_of(item)
    if claim_of(item).budget == "steps":
        return arms
    shared = shared_stages(arms)
    path = folder / "rates.json"
    if not path.exists():
        own = {label: arm for label, arm in arms.items() if {stage.name for stage in arm.stages} - shared}
        measured: dict[str, float] = {}
        with fixed_threads(threads):
            for label, recipe in [*own.items()] * ROUNDS:  # in turns
                bench, taught = lab.bench(recipe), lab.taught(recipe)
                one = measure_rates({label: recipe}, bench, taught, rounds=1, leave=shared, notify=notify)
                measured[label] = min(measured.get(label, float("inf")), one[label])
        write_json(path, measured)
    rates: dict[str, float] = read_json(path, kind="rates")
    cheapest, slow = min(rates.values()), dearer(rates)
    return {n: steps_for(r, cheapest / rates[n], leave=shared) if n in slow else r for n, r in arms.items()}


def _tasks(arms: Mapping[str, Recipe], seeds: range) -> list[Task]:
    """By seed, so that processes share the projectors of a seed."""
    if not arms:
        return [{"seed": seed} for seed in seeds]
    plain = {label: describe(replace(recipe, claim=None)) for label, recipe in arms.items()}
    return [{"seed": seed, "arm": label, "recipe": plain[label]} for seed in seeds for label in arms]


def _recipe_arms(
    item: Recipe, arms: Mapping[str, Recipe], tasks: list[Task], found: list[Mapping[str, Any]]
) -> dict[str, Any]:
    claim = claim_of(item)
    whole = {}
    for label in arms:
        own = [one for task, one in zip(tasks, found, strict=True) if task["arm"] == label]
        whole[label] = {
            "recipe": item.name if label == METHOD else claim.baselines[label],
            "steps": own[0]["training"]["steps"],
            "seconds by seed": [round(one["training"]["seconds"], 2) for one in own],
            "failed controls": sorted({verdict for one in own for verdict in one["controls"]}),
            "metrics": {
                name: _metric([one["metrics"][name] for one in own], own[0]["chance"][name])
                for name in wanted_metrics(claim)
            },
        }
    return whole


def _study_arms(item: Study, found: list[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        label: {
            "metrics": {
                name: _metric([one["arms"][label][name] for one in found], item.chance)
                for name in wanted_metrics(item.claim)
            }
        }
        for label in labels_of(item)
    }


def _metric(packed: list[Mapping[str, Any]], chance: float | None) -> dict[str, Any]:
    rows = [unpack(one)[0] for one in packed]
    by_seed = [float(row.mean()) for row in rows]
    return {"mean": float(np.mean(by_seed)), "by seed": by_seed, "chance": chance, "items": pack(rows)}


def _held(before: Mapping[str, Any] | None, many: str, one: str, kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{one: value} for value in before[many]] if kept and before is not None else []


def _distinct(found: list[Mapping[str, Any]], name: str) -> list[Any]:
    """Different values over all tasks, each once, without the empty ones."""
    kept: list[Any] = []
    for one in found:
        value = one.get(name)
        if value and value.get("fingerprint") and value not in kept:
            kept.append(value)
    return kept

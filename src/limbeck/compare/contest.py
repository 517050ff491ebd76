"""`contest`: arms x seeds from nothing to test metrics, in an order that keeps the test split unread until the end.

    plan      what is compared, fixed before anything is trained; a folder of another comparison is refused
    try       with `tune`, the same number of validation trials for every arm; the best settings are kept
    rates     seconds a step of every arm, measured in turns, once
    train     every arm under every seed, and the dearer arms once more with the other budget
    test      the test split, after the last training

Every result is a file in the folder, so that the same call goes on after a kill with what is missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from limbeck.compare.arms import Comparison, check_arms, slug
from limbeck.compare.crew import Crew, Task, fixed_threads
from limbeck.compare.desk import TEST_READ, TRAINED, ComparisonDesk, is_tested, is_trained, open_desk, write_plan
from limbeck.compare.made_with import check_code, made_with
from limbeck.compare.rates import dearer, levelled, measure_rates, steps_for, total_steps
from limbeck.compare.tuning import Settings, apply_settings, best_trial, candidates
from limbeck.core.artefact import read_json, sha256_file, verify, write_json
from limbeck.core.describe import build, describe
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.core.recipe import Recipe
from limbeck.pipeline.checks.record import CHECKS
from limbeck.pipeline.differences import differences
from limbeck.pipeline.execute import Bench, Run
from limbeck.pipeline.measure import Measured, measured_from
from limbeck.pipeline.notify import Notify, silent
from limbeck.pipeline.steady import steady
from limbeck.pipeline.teach import Taught

PLAN = "plan.json"
RATES = "rates.json"
ASKED = "asked.json"
_CODE = "code"
_OTHER = "holds another comparison ({}); what is compared is fixed before it is run: choose another --out, or delete it"
Key = tuple[str, str, int]  # arm, budget where it is not the one that was asked for, seed


@dataclass(frozen=True)
class Rules:
    """What holds for every arm.

    Args:
        seeds: of weights, order and draws; every arm is run under each.
        budget: what is equal between arms first: `steps`, or `seconds` of training steps.
        seconds: of a run, with the budget `seconds`; the recipes' own steps are then of no matter. 0 stands for the
            time that the cheapest arm takes for its own steps.
        tune: validation trials of every arm; 0 takes the arms as they are.
        threads: torch threads of every process.
    """

    seeds: tuple[int, ...]
    budget: Literal["steps", "seconds"] = "steps"
    seconds: float = 0.0
    tune: int = 0
    threads: int = 1


@dataclass(frozen=True)
class Outcome:
    """Everything that a comparison found.

    Args:
        comparison: arms under the budget that was asked for.
        other: the same arms under the other budget, where one costs more than 10 % more a step than the cheapest; arms
            that do not are the same runs.
        rules: of both.
        rates: arm -> seconds a step.
        steps: arm -> steps under the budget that was asked for, and under the other.
        settings: arm -> what tuning chose; empty without tuning.
        trials: arm -> validation value of every trial.
        seconds: arm -> seconds of each run, validation and checkpoints included.
        allowed: seconds of training steps in a run, with the budget `seconds`; else 0.
        code: what trained the runs, as `made_with` says; empty where that was not written down.
    """

    comparison: Comparison
    other: Comparison | None
    rules: Rules
    rates: Mapping[str, float]
    steps: Mapping[str, tuple[int, int]]
    settings: Mapping[str, Settings]
    trials: Mapping[str, Sequence[float]]
    seconds: Mapping[str, Sequence[float]]
    allowed: float
    code: Mapping[str, Any]


def contest(
    arms: Mapping[str, Recipe],
    bench: Bench,
    rules: Rules,
    *,
    out: Path,
    jobs: int = 1,
    notify: Notify = silent,
    examine: Callable[[Taught], object] | None = None,
) -> Outcome:
    """Compare arms under equal rules; the same call goes on with what a killed one left missing.

    Arms of one seed share the teacher and its cache, initial weights where shapes allow, data order and draws. All
    compute in fp32 unless a recipe says otherwise: a precision that every process measures for itself is no rule.

    Args:
        arms: name -> recipe; seeds are replaced.
        bench: data and teacher.
        rules: of the comparison.
        out: its folder.
        jobs: processes; any number gives the same bits.
        notify: takes one line a fact.
        examine: called with the first seed's teacher before anything learns from it; may refuse it.

    Raises:
        UsageError: rules that cannot be met.
        ArtefactError: `out` holds another comparison, one that other code began and left unfinished, or a file is
            corrupt.
    """
    made = _Contest(arms, bench, rules, out=out, jobs=jobs, notify=notify)
    with made.crew:
        return made.go(examine)


class _Contest:
    def __init__(
        self, arms: Mapping[str, Recipe], bench: Bench, rules: Rules, *, out: Path, jobs: int, notify: Notify
    ) -> None:
        check_arms(arms)
        self.arms = {name: replace(steady(recipe), seed=0) for name, recipe in arms.items()}
        self.bench, self.rules, self.out, self.notify = bench, rules, out, notify
        self.data = bench.source.fingerprint()
        self.desk = ComparisonDesk(bench, out=out, notify=notify)
        self.crew = Crew(self.desk, opener=open_desk, plan=out / PLAN, jobs=jobs, threads=rules.threads, notify=notify)

    def go(self, examine: Callable[[Taught], object] | None) -> Outcome:
        code = self._fix()
        with fixed_threads(self.rules.threads):  # the teacher's cache is filled once, before several processes read it
            taught = self.desk.taught(self._teacher(self.rules.seeds[0]))
            assert taught is not None
            if examine is not None and not (self.out / RATES).exists():  # what goes on was examined when it began
                examine(taught)
        settings, trials = self._tune()
        tuned = {name: apply_settings(recipe, settings.get(name, Settings())) for name, recipe in self.arms.items()}
        rates = self._rates(tuned)
        allowed = self._allowed()
        if self.rules.budget == "seconds" and not self.rules.seconds:
            self.notify(
                f"every run gets {allowed:.4g} seconds of training steps: what the cheapest arm needs for its steps"
            )
        first, second = self._budgets(tuned, rates)
        changed = [name for name in first if second[name] is not first[name]]
        other = "equal-seconds" if self.rules.budget == "steps" else "equal-steps"
        runs = {(name, "", seed): replace(first[name], seed=seed) for name in first for seed in self.rules.seeds}
        runs |= {(name, other, seed): replace(second[name], seed=seed) for name in changed for seed in self.rules.seeds}
        self._work([self._task("train", key, recipe) for key, recipe in runs.items() if not self._trained(key, recipe)])
        self._seal(runs)
        left = {key: recipe for key, recipe in runs.items() if not is_tested(self._place(key))}
        asked = {key[2]: self._teacher(key[2]) for key in left}
        self._work([{"do": "score", "name": "teacher", "recipe": describe(recipe)} for recipe in asked.values()])
        self._work([self._task("test", key, recipe) for key, recipe in left.items()])
        found = {key: _read(self._place(key), recipe) for key, recipe in runs.items()}

        def gathered(label: str) -> Comparison:
            use = {name: label if name in changed else "" for name in first}
            return Comparison(
                {name: [found[name, use[name], seed] for seed in self.rules.seeds] for name in first},
                [_teacher_of(found, seed) for seed in self.rules.seeds],
                self.rules.seeds,
                taught,
            )

        return Outcome(
            comparison=gathered(""),
            other=gathered(other) if changed else None,
            rules=self.rules,
            rates=rates,
            steps={name: (total_steps(first[name]), total_steps(second[name])) for name in first},
            settings=settings,
            trials=trials,
            seconds={name: [self._seconds(name, seed) for seed in self.rules.seeds] for name in first},
            allowed=allowed,
            code=code,
        )

    def _fix(self) -> Mapping[str, Any]:
        """Write down what is compared, or check that it is what was written down; returns by what code it is made."""
        check_place(self.out, self.rules)
        teacher = self.bench.models.fingerprints() if self.bench.models is not None else {}
        asked: dict[str, Any] = {
            "rules": _plain_rules(self.rules),
            "arms": {name: describe(recipe) for name, recipe in self.arms.items()},
            "data": self.data,
            "teacher": dict(teacher),
        }
        path = self.out / ASKED
        if path.exists():
            found = read_json(path, kind="comparison")
            found.pop(_CODE, None)
            if found != asked:
                raise ArtefactError(f"{self.out} {_OTHER.format(differences(found, asked))}")
        if not (self.out / PLAN).exists():
            with_teacher = next(
                (r for r in self.arms.values() if r.teacher is not None), next(iter(self.arms.values()))
            )
            write_json(path, asked | {_CODE: made_with()})
            write_plan(self.out / PLAN, self.bench, with_teacher)
        return _code_of(self.out)

    def _work(self, tasks: Sequence[Task]) -> None:
        """Have tasks done by the code that the comparison began with."""
        if tasks:
            check_code(_code_of(self.out), self.out)
        self.crew.work(tasks)

    def _tune(self) -> tuple[dict[str, Settings], dict[str, list[float]]]:
        """The best settings of each arm by its validation metric, under a seed that no run has."""
        if not self.rules.tune:
            return {}, {}
        seed = max(self.rules.seeds) + 1
        given = self._first_steps(self.arms)
        trials = {name: candidates(recipe, self.rules.tune) for name, recipe in given.items()}
        recipes = {
            (name, number): replace(apply_settings(given[name], one), seed=seed)
            for name, found in trials.items()
            for number, one in enumerate(found)
        }
        places = {key: f"tune/{slug(key[0])}/trial-{key[1]}" for key in recipes}
        self._work(
            [
                {"do": "try", "name": f"{key[0]}, trial {key[1]}", "recipe": describe(recipe), "folder": places[key]}
                for key, recipe in recipes.items()
                if is_trained(recipe, self.out / places[key], self.data) is None
            ]
        )
        values: dict[str, list[float]] = {name: [] for name in trials}
        for key, recipe in recipes.items():
            plain = is_trained(recipe, self.out / places[key], self.data)
            assert plain is not None
            values[key[0]].append(next(iter(plain["validation"].values())))
        best = {name: trials[name][best_trial(found)] for name, found in values.items()}
        write_json(
            self.out / "tune" / "chosen.json",
            {
                name: {"chosen": best_trial(values[name]), "trials": [asdict(one) for one in trials[name]]}
                | {"validation": values[name]}
                for name in trials
            },
        )
        return best, values

    def _rates(self, arms: Mapping[str, Recipe]) -> dict[str, float]:
        """Measured once and written down: steps that follow from them are the same after a kill."""
        path = self.out / RATES
        if not path.exists():
            self.notify("measuring what a step of each arm costs")
            with fixed_threads(self.rules.threads):
                taught = self.desk.taught(self._teacher(self.rules.seeds[0]))
                found = measure_rates(
                    {name: replace(recipe, seed=self.rules.seeds[0]) for name, recipe in arms.items()},
                    self.bench,
                    taught,
                    seconds=self.rules.seconds,
                    notify=self.notify,
                )
            write_json(path, found)
        return {name: float(value) for name, value in read_json(path, kind="rates").items()}

    def _first_steps(self, arms: Mapping[str, Recipe]) -> dict[str, Recipe]:
        """The arms under the budget that was asked for."""
        if self.rules.budget == "steps":
            return dict(arms)
        rates = levelled(self._rates(arms))
        return {n: steps_for(r, self._allowed() / rates[n] / total_steps(r)) for n, r in arms.items()}

    def _allowed(self) -> float:
        """Seconds of training steps in a run, from the rules or from the rates, which are measured once."""
        if self.rules.budget == "steps" or self.rules.seconds:
            return self.rules.seconds
        rates = self._rates(self.arms)
        cheapest = min(rates, key=lambda name: rates[name])
        return rates[cheapest] * total_steps(self.arms[cheapest])

    def _budgets(
        self, arms: Mapping[str, Recipe], rates: Mapping[str, float]
    ) -> tuple[dict[str, Recipe], dict[str, Recipe]]:
        """Every arm under the budget that was asked for, and under the other one."""
        first = self._first_steps(arms)
        second = dict(first)
        cheapest = min(rates, key=lambda name: rates[name])
        for name in dearer(rates):
            if self.rules.budget == "steps":
                second[name] = steps_for(first[name], rates[cheapest] / rates[name])
            else:
                second[name] = steps_for(first[name], total_steps(first[cheapest]) / total_steps(first[name]))
        return first, second

    def _teacher(self, seed: int) -> Recipe:
        """A recipe that has the teacher, under a seed."""
        return replace(next(recipe for recipe in self.arms.values() if recipe.teacher is not None), seed=seed)

    def _task(self, do: str, key: Key, recipe: Recipe) -> Task:
        name, label, _ = key
        shown = f"{name} ({label.replace('-', ' ')})" if label else name
        place = self._place(key).relative_to(self.out).as_posix()
        return {"do": do, "name": shown, "recipe": describe(recipe), "folder": place}

    def _place(self, key: Key) -> Path:
        name, label, seed = key
        return self.out / "runs" / "-".join(filter(None, (slug(name), label, f"seed-{seed}")))

    def _trained(self, key: Key, recipe: Recipe) -> bool:
        found = is_trained(recipe, self._place(key), self.data) is not None
        if found:
            self.notify(f"{key[0]}, seed {key[2]}: trained before, reused from {self._place(key)}")
        return found

    def _seconds(self, name: str, seed: int) -> float:
        plain = read_json(self._place((name, "", seed)) / TRAINED, kind="record of a training")
        return float(sum(plain["seconds"].values()))

    def _seal(self, runs: Mapping[Key, Recipe]) -> None:
        """From here on the test split may be read: every run is trained, and these are their records."""
        path = self.out / TEST_READ
        if path.exists():
            return
        records = {}
        for key in runs:
            record = self._place(key) / TRAINED
            records[self._place(key).name] = sha256_file(record)
        write_json(path, {"trained before the first test row was read": records})


def check_place(out: Path, rules: Rules) -> bool:
    """Whether a comparison by these rules was begun in `out`; refuses rules and folders that none can go by or into.

    Raises:
        UsageError: rules that contradict themselves, or a folder that holds something else.
        ArtefactError: it holds a comparison by other rules, or one that other code began and left untrained.
    """
    _check_rules(rules)
    path = out / ASKED
    if path.exists():
        found, asked = read_json(path, kind="comparison").get("rules"), _plain_rules(rules)
        if found != asked:
            raise ArtefactError(f"{out} {_OTHER.format(differences(found, asked))}")
        if not (out / TEST_READ).exists():
            check_code(_code_of(out), out)
        return True
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; --out is a folder for the comparison")
    # What the checks found is there before the comparison has begun.
    if out.exists() and any(place.name != CHECKS and ".tmp-" not in place.name for place in out.iterdir()):
        raise UsageError(f"{out} is not empty and holds no comparison; choose another --out")
    return False


def _code_of(out: Path) -> Mapping[str, Any]:
    code: Mapping[str, Any] = read_json(out / ASKED, kind="comparison").get(_CODE, {})
    return code


def _plain_rules(rules: Rules) -> dict[str, Any]:
    return {**asdict(rules), "seeds": list(rules.seeds)}


def _check_rules(rules: Rules) -> None:
    if not rules.seeds or len(set(rules.seeds)) < len(rules.seeds):
        raise UsageError(f"a comparison needs seeds, each once; got {list(rules.seeds)}")
    if rules.tune < 0:
        raise UsageError(f"tune is a number of validation trials, 0 for none; got {rules.tune}")
    if not 0 <= rules.seconds < math.inf or (rules.seconds and rules.budget == "steps"):
        raise UsageError(f"--seconds is 0 or more, and goes with --budget seconds; got {rules.seconds:g}")


def _read(folder: Path, recipe: Recipe) -> Run:
    """A finished run as its folder has it, every byte verified; its encoders are left where they are."""
    verify(folder, kind="run")
    if (found := read_json(folder / "recipe.json", kind="recipe")) != describe(recipe):
        raise ArtefactError(
            f"{folder} holds another recipe ({differences(found, describe(recipe))}); choose another --out or delete it"
        )
    plain = read_json(folder / "evaluation.json", kind="evaluation")
    measured = {name: measured_from(plain[name]) for name in ("student", "teacher") if name in plain}
    return Run(folder, build(describe(recipe)), {}, measured["student"], measured.get("teacher"), reused=True)


def _teacher_of(found: Mapping[Key, Run], seed: int) -> Measured:
    """The teacher's test metrics under a seed, from any run that it taught."""
    return next(run.teacher for key, run in found.items() if key[2] == seed and run.teacher is not None)

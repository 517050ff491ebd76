"""`limbeck claims`: what published methods say, measured here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from limbeck.verbs.kept import kept_in_cache

if TYPE_CHECKING:
    from limbeck.core.recipe import Recipe
    from limbeck.core.study import Study
    from limbeck.pipeline.notify import Notify


@dataclass(frozen=True)
class Ledger:
    """What `limbeck claims` found.

    Args:
        entries: name -> entry.
        stale: names whose code has changed since.
        missing: names that were not measured yet.
        faults: what is not in order, one sentence each.
    """

    entries: dict[str, Any]
    stale: list[str]
    missing: list[str]
    faults: list[str]

    @property
    def exit_code(self) -> int:
        """4 where the ledger is not in order."""
        return 4 if self.faults else 0

    @property
    def message(self) -> str:
        """The first fault."""
        more = f" (and {len(self.faults) - 1} more)" if len(self.faults) > 1 else ""
        return f"{self.faults[0]}{more}" if self.faults else ""


@kept_in_cache
def claims(
    name: Annotated[tuple[str, ...], "claims to measure; without one the ledger is listed"] = (),
    *,
    all: Annotated[bool, "measure every claim that is not measured yet, or stale"] = False,
    again: Annotated[bool, "with --all: those that are up to date too"] = False,
    check: Annotated[bool, "verify schema, seeds, values, verdicts and code fingerprints of the ledger"] = False,
    docs: Annotated[bool, "write docs/claims.md from the ledger"] = False,
    validate: Annotated[
        bool, "measure on validation rows under seed 100 and keep nothing: for choosing settings"
    ] = False,
    set: Annotated[tuple[str, ...], "with --validate: change every arm: --set seed=1 (repeatable)"] = (),
    ledger: Annotated[Path | str | None, "folder of the ledger; default: claims/ of the checkout"] = None,
    cache: Annotated[Path | str | None, "folder for caches; default: LIMBECK_CACHE or ~/.cache/limbeck"] = None,
    jobs: Annotated[int, "processes"] = 2,
    threads: Annotated[int, "torch threads of each process"] = 1,
) -> Ledger:
    """Re-measure what a published method claims, in miniature, and keep a ledger of verdicts.

    A claim runs its method and its baselines under at least five paired seeds and gets one of four verdicts:
    reproduced, not distinguishable, contradicted, not testable at this scale. A measurement that was killed goes on
    where it stopped.

    Raises:
        UsageError: no such claim.
        ArtefactError: the ledger is corrupt.
    """
    from limbeck.claims.found import claims as known_claims
    from limbeck.claims.found import find_claim
    from limbeck.claims.ledger import check_ledger, entries, ledger_folder
    from limbeck.claims.measure import measure_claim
    from limbeck.core.artefact import write_json
    from limbeck.core.errors import UsageError
    from limbeck.data.places import cache_folder
    from limbeck.pipeline.notify import to_stderr

    folder, root, notify = Path(ledger or ledger_folder()), cache_folder(), to_stderr()
    given = (name,) if isinstance(name, str) else name  # from Python one name may come as it is
    names = [part.strip() for each in given for part in each.split(",") if part.strip()]
    items = {one: find_claim(one) for one in names}
    if set and not validate:
        raise UsageError("--set changes arms for a look at the validation rows; a claim is measured as it stands")
    if validate:
        for one, item in items.items():
            _look(one, item, set, root, threads, notify)
        return Ledger({}, [], [], [])
    wrong, stale, missing = check_ledger(folder)
    if all:
        items = {one: item for one, item in known_claims().items() if again or one in stale or one in missing}
    known = entries(folder) if items and not again else {}
    for one, item in items.items():
        entry = measure_claim(item, cache=root, jobs=jobs, threads=threads, before=known.get(one), notify=notify)
        write_json(folder / f"{one}.json", entry)
        print("\n".join(_lines(one, entry)))
    if items:
        wrong, stale, missing = check_ledger(folder)
    if docs:
        _write_page(folder)
    if not items and not docs:
        _list(folder, stale, missing)
    for fault in wrong if check else ():
        print(fault)
    if check and not wrong:
        print(f"the ledger is in order: {len(entries(folder))} claims, {len(stale)} stale, {len(missing)} not measured")
    return Ledger(entries(folder), stale, missing, wrong if check else [])


def _look(name: str, item: Recipe | Study, changes: tuple[str, ...], cache: Path, threads: int, notify: Notify) -> None:
    from limbeck.claims.found import arms_of
    from limbeck.claims.measure import validate_claim
    from limbeck.core.describe import build, describe
    from limbeck.core.errors import UsageError
    from limbeck.core.recipe import Recipe
    from limbeck.verbs.overrides import apply_overrides

    arms = None
    if isinstance(item, Recipe):
        arms = {label: build(apply_overrides(describe(arm), changes)) for label, arm in arms_of(item).items()}
    elif changes:
        raise UsageError(f"'{name}' is a study; its settings are in its file")
    print(f"{name}, validation rows, seed 100" + "".join(f", {change}" for change in changes))
    for label, metrics in validate_claim(item, arms, cache=cache, threads=threads, notify=notify).items():
        print(f"  {label}: " + ", ".join(f"{metric} {value:.4f}" for metric, value in metrics.items()))


def _lines(name: str, entry: dict[str, Any]) -> list[str]:
    """A measurement for the terminal."""
    metric = entry["claim"]["metric"]
    lines = [f"{name}: {entry['verdict']['word']} ({entry['verdict']['reason']})"]
    for arm, one in entry["arms"].items():
        line = f"  {arm}: {metric} {one['metrics'][metric]['mean']:.4g}"
        if arm in entry["differences"]:
            found = entry["differences"][arm][metric]
            line += f"; method minus it {found['value']:+.4g} ({found['low']:+.4g} to {found['high']:+.4g})"
        lines.append(line)
    return [*lines, f"  {entry['seconds']:.0f} s of work in {entry['wall seconds']:.0f} s"]


def _list(folder: Path, stale: list[str], missing: list[str]) -> None:
    from limbeck.claims.ledger import entries

    for name, entry in entries(folder).items():
        mark = " (stale: its code has changed)" if name in stale else ""
        print(f"{name}: {entry['verdict']['word']}{mark}; {entry['claim']['statement']}")
    for name in missing:
        print(f"{name}: not measured yet")


def _write_page(folder: Path) -> None:
    from limbeck.claims.page import claims_page
    from limbeck.core.artefact import write_file

    path = folder.parent / "docs" / "claims.md"
    write_file(path, claims_page(folder).encode())
    print(f"wrote {path}")

"""`limbeck doctor`: what is wrong before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from limbeck.verbs.distill import RATE, STUDENT
from limbeck.verbs.kept import kept_in_cache

if TYPE_CHECKING:
    from limbeck.pipeline.checks.finding import Finding


@dataclass(frozen=True)
class Diagnosis:
    """Everything that was looked at.

    Args:
        findings: in the order in which they were made.
    """

    findings: tuple[Finding, ...]

    @property
    def level(self) -> str:
        """The worst level."""
        from limbeck.pipeline.checks.finding import worst

        return worst(self.findings)

    @property
    def exit_code(self) -> int:
        """3 where an error was found."""
        return 3 if self.level == "error" else 0

    @property
    def message(self) -> str:
        """The first error, in one sentence."""
        errors = [finding for finding in self.findings if finding.level == "error"]
        more = f" ({len(errors) - 1} more above)" if len(errors) > 1 else ""
        return f"{errors[0].sentence}{more}" if errors else ""


@kept_in_cache
def doctor(
    data: Annotated[str, "CSV, JSONL, Parquet, image folder, tar shards, or the built-in `icons`"],
    *,
    teacher: Annotated[
        str | None, "hf:FOLDER-OR-NAME, st:..., open_clip:..., timm:..., hf:IMAGE+hf:TEXT, a preset"
    ] = None,
    student: Annotated[str | None, "preset (resnet-s, vit-s, ...) or hf:CONFIG"] = None,
    method: Annotated[str, "what the student would be taught by; see `limbeck list method`"] = "balanced",
    sample: Annotated[int, "rows that are read and decoded; 0 reads all"] = 2000,
    batch_size: Annotated[int, "pairs in a batch, for the forecasts"] = 256,
    steps: Annotated[int, "optimizer steps, for the forecasts; 0 as `distill` would choose"] = 0,
    draws: Annotated[int, "augmented draws kept for each row, for the forecasts"] = 4,
    max_bad: Annotated[float, "largest share of unreadable rows (0.01 or 1%)"] = 0.01,
    out: Annotated[Path | str, "where the run would go, for the forecast of the disk"] = Path("run"),
    cache: Annotated[Path | str | None, "folder for caches; default: LIMBECK_CACHE or ~/.cache/limbeck"] = None,
) -> Diagnosis:
    """Say what is wrong with data, teacher and student before anything is trained.

    One line a finding: its level (ok, note, warning, error), what was found, the fix. No run is written; built-in data
    is drawn or fetched into the cache. With a teacher it is asked about some rows; with a student a few steps are
    timed; with either, the data is judged by what `limbeck distill` needs, which runs the same checks. Exit code 3
    where an error was found.

    Args:
        data: table, image folder, shards, or a built-in name.
        teacher: checked where it is named.
        student: checked where it is named; time, memory and disk are forecast for it.
        method: checked with teacher and student.
        sample: rows that are read.
        batch_size: of the forecasts.
        steps: of the forecasts.
        draws: of the forecasts.
        max_bad: share of unreadable rows that is let pass.
        out: of the forecasts.
        cache: root of all caches.

    Returns:
        Every finding.

    Raises:
        UsageError: a wrong name or number.
        DataError: data that cannot be opened at all.
    """
    from limbeck.core.errors import UsageError
    from limbeck.data.open import open_source
    from limbeck.data.places import cache_folder
    from limbeck.data.scan import scan
    from limbeck.data.splits import split_of
    from limbeck.encoders.load import load_teacher
    from limbeck.encoders.student import make_student
    from limbeck.pipeline.checks.before import foresee, shared_width
    from limbeck.pipeline.checks.examine import Subject, choose, examine, plan_of
    from limbeck.pipeline.checks.leakage import LOOKING, find_leaks
    from limbeck.pipeline.notify import counted, to_stderr
    from limbeck.pipeline.rows import kinds_of
    from limbeck.verbs.distill import check_numbers, draft, fill

    if sample < 0:
        raise UsageError(f"sample is a number of rows, 0 for all; got {sample}")
    check_numbers(method=method, steps=steps, batch_size=batch_size, learning_rate=RATE)
    notify = to_stderr()
    recipe = draft(data, teacher=teacher or "none", student=student or STUDENT, draws=draws, seed=0, max_bad=max_bad)
    models = load_teacher(teacher) if teacher is not None else None
    width = shared_width(recipe, models)
    made = make_student(student, width=width) if student is not None else None
    source = open_source(data, max_bad=1.0)
    splits = split_of(source, recipe.data.fractions)
    chosen = choose(splits, sample)
    notify(f"reading {len(chosen)} of {len(source)} rows")
    report = scan(source, indices=chosen, watch=counted(notify, "reading rows"))
    bad = {row.index for row in report.bad}
    looked = tuple(row for row in chosen if row not in bad)
    seen = set(looked)
    here = {name: [row for row in rows if row in seen] for name, rows in splits.items()}
    leaks = find_leaks(source, here, watch=counted(notify, LOOKING))
    usable = {name: [row for row in rows if row not in bad] for name, rows in splits.items()}  # what a run will have
    kept = leaks.without(usable)
    kinds = {kind: len(rows) for kind, rows in kinds_of(source, kept["train"]).items()}
    named = teacher is not None or student is not None
    plan, foreseen = None, list["Finding"]()
    if named and kinds.get("image+text"):
        full = fill(
            recipe, kinds, method=method, steps=steps, batch_size=batch_size, learning_rate=RATE,
            aligned=models is None or models.aligned,
        )  # fmt: skip
        if student is not None and shared_width(full, models) != width:  # projectors have a width of their own
            made = make_student(student, width=shared_width(full, models))
        foreseen = foresee(full, made, models)
        plan = plan_of(full, source, kept) if made is not None and not foreseen else None
    subject = Subject(source, usable, looked, report, leaks, recipe.data, models, made)
    findings = examine(subject, plan=plan, cache=cache_folder(), out=Path(out), pairs=named)
    findings += [finding for finding in foreseen if finding not in findings]
    print("\n".join(map(str, findings)))
    return Diagnosis(tuple(findings))

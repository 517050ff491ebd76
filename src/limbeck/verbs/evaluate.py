"""`limbeck evaluate`: what a run or any model scores on some data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from limbeck.verbs.kept import kept_in_cache

if TYPE_CHECKING:
    from limbeck.pipeline.assess import Assessment


@kept_in_cache
def evaluate(
    model: Annotated[str, "run folder, transformers folder, hf:FOLDER-OR-NAME, or another teacher's name"],
    *,
    data: Annotated[str, "CSV, JSONL, Parquet, image folder, tar shards, or the built-in `icons`"],
    split: Annotated[
        str | None, "train, validation, test or all; default: test for a run, else test if there are splits"
    ] = None,
    prompt: Annotated[tuple[str, ...], "template of a class name: --prompt 'a picture of a {}' (repeatable)"] = (),
    out: Annotated[Path | str | None, "write everything to this JSON file"] = None,
    max_bad: Annotated[
        float | None, "largest share of unreadable rows (0.01 or 1%); default: the run's, else 1%"
    ] = None,
    cache: Annotated[Path | str | None, "folder for caches; default: LIMBECK_CACHE or ~/.cache/limbeck"] = None,
) -> Assessment:
    """Measure a run, or any model, on some data: every figure with its interval, chance, and how it was made.

    Retrieval in both directions where rows have image and text; zero-shot classification where rows have image and
    label. A run is measured as its recipe says, a classifier by its accuracy, on the same test rows as when it ended.
    The same vectors with shuffled pairs must score chance; where they do not, the figures are withheld and the exit
    code is 3.

    Args:
        model: what is measured.
        data: what it is measured on.
        split: whose rows.
        prompt: how classes are asked for.
        out: JSON file.
        max_bad: share of unreadable rows above which nothing is measured.
        cache: root of all caches.

    Returns:
        Metrics, controls, transforms, prompts and the ids of the rows.

    Raises:
        UsageError: a wrong name or number, a model without one space for image and text, or an `out` that something
            else than an earlier result stands at.
        DataError: data that cannot be used.
        ArtefactError: a run that is not finished, or a corrupt file.
    """
    from limbeck.core.artefact import write_json
    from limbeck.core.errors import UsageError, unknown
    from limbeck.core.recipe import DataSpec
    from limbeck.data.scan import load_data
    from limbeck.evaluation.prompts import Prompts
    from limbeck.pipeline.assess import SPLITS, assess, open_judged
    from limbeck.pipeline.notify import counted, to_stderr

    if split is not None and split not in SPLITS:
        raise UsageError(unknown("split", split, SPLITS))
    if prompt:
        Prompts(("a", "b"), tuple(prompt))  # a wrong template is said before anything is read
    if max_bad is not None:
        DataSpec(data, max_bad=max_bad)  # says which shares there are
    out = Path(out) if out is not None else None
    if out is not None:
        _check_out(out, Path(data).expanduser())
    notify = to_stderr()
    judged = open_judged(model)
    theirs = judged.recipe.data if judged.recipe is not None else DataSpec(data)
    spec = DataSpec(data, max_bad=theirs.max_bad if max_bad is None else max_bad)
    source, report = load_data(spec, watch=counted(notify, "reading rows"))
    for line in report.lines(most=10):
        notify(f"left out: {line}")
    found = assess(judged, source, path=data, split=split, prompts=prompt, notify=notify)
    if out is not None:
        write_json(out, found.to_json())
    _show(found)
    return found


def _check_out(out: Path, data: Path) -> None:
    """Refuse a place where the result would replace or spoil something, before anything is computed."""
    from limbeck.core.errors import UsageError
    from limbeck.pipeline.assess import is_assessment

    if out.is_dir():
        raise UsageError(f"--out {out} is a folder; name a JSON file")
    for folder in out.resolve().parents:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"--out {out} lies below {folder}, which is no folder; name another file")
        if _is_ours(folder):
            raise UsageError(
                f"--out {out} lies in {folder}, a folder that Limbeck wrote and checks; name a file outside"
            )
    if not out.exists():
        return
    if data.exists() and out.samefile(data):
        raise UsageError(f"--out {out} is the data itself; name a new JSON file")
    if not out.is_file():
        raise UsageError(f"--out {out} is no regular file; name a JSON file")
    if not is_assessment(out):
        raise UsageError(f"--out {out} is there and is no result of `limbeck evaluate`; name a new JSON file")


def _is_ours(folder: Path) -> bool:
    """Whether a folder is a run, a comparison or another artefact; other programs have a manifest.json as well."""
    from limbeck.core.artefact import MANIFEST, SEAL, read_json
    from limbeck.core.describe import KEY
    from limbeck.core.errors import ArtefactError

    for name, key in ((MANIFEST, SEAL), ("recipe.json", KEY)):
        try:
            plain = read_json(folder / name)
        except ArtefactError:
            continue
        if isinstance(plain, dict) and key in plain:
            return True
    return False


def _show(found: Assessment) -> None:
    from dataclasses import replace

    from limbeck.report.document import Estimate
    from limbeck.report.metrics import arrows, metrics_table
    from limbeck.report.terminal import print_table

    if found.withheld:
        print("\n".join(found.withheld))
        return
    metrics = found.measured.metrics
    where = f"{found.path}, " + ("all rows" if found.split == "all" else f"split '{found.split}'")
    table = metrics_table(f"{found.name} on {where}", {"model": metrics})
    counts = {metric.name: metric.n for metric in metrics}
    rows = [
        replace(row, cells=[*row.cells, Estimate(count, digits=0)])
        for row, count in zip(table.rows, counts.values(), strict=True)
    ]
    print_table(replace(table, columns=[*table.columns, "n"], rows=rows))
    for line in found.measured.reassurance():
        print(line)
    notes = {metric.name.rpartition(" ")[0] or metric.name: metric.note for metric in metrics if metric.note}
    for protocol, note in notes.items():
        if "<->" not in protocol:
            print(f"{arrows(protocol)}: {note}")
    for modality, transform in found.transforms.items():
        print(f"{modality}: {transform}")

"""`limbeck demo`: real icons, real teachers, a small student, an honest table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from limbeck.verbs.kept import kept_in_cache

if TYPE_CHECKING:
    from limbeck.compare.arms import Comparison

QUERIES = (
    "somewhere to sleep",
    "something warm to drink in the morning",
    "keep strangers out",
    "send somebody a message",
    "it is raining cats and dogs",
    "fly away on holiday",
    "I need a doctor",
    "put money aside",
    "listen to a song",
    "get rid of it",
)


@kept_in_cache
def demo(
    *,
    seeds: Annotated[int, "1 runs two arms in minutes; with more, all three arms are run and paired over seeds"] = 1,
    out: Annotated[Path | str, "folder for runs and report; what is finished in it is reused"] = Path("runs/demo"),
    cache: Annotated[Path | str | None, "folder for caches; default: LIMBECK_CACHE or ~/.cache/limbeck"] = None,
) -> Comparison:
    """Distil a small icon search model from real pretrained teachers and say what that bought.

    Draws 1,395 real icons, caches two frozen teachers, aligns them, trains a student of 5 M parameters with and without
    the teacher, and measures both on 250 icons that nothing was trained on.

    Raises:
        UsageError: the demo's packages are missing (`pip install 'limbeck[demo]'`), or `seeds` is below 1.
        ResourceError: the disk is full.
    """
    from limbeck.compare.stopwatch import Stopwatch

    watch = Stopwatch()  # the imports below are part of what a user waits for

    from limbeck.compare.arms import compare_arms
    from limbeck.compare.icons_demo import demo_lines, demo_report
    from limbeck.core.errors import UsageError
    from limbeck.data.card import card
    from limbeck.data.places import cache_folder
    from limbeck.pipeline.execute import open_bench
    from limbeck.pipeline.finish import report_run
    from limbeck.pipeline.notify import to_stderr
    from limbeck.recipes.projects.icons import icons, icons_feature_matching, icons_no_teacher

    if seeds < 1:
        raise UsageError(f"seeds is at least 1, got {seeds}")
    out, notify = Path(out), to_stderr()
    arms = {"no teacher": icons_no_teacher(), "distilled": icons()}
    if seeds > 1:
        arms["feature matching"] = icons_feature_matching()
    bench = open_bench(arms["distilled"], cache=cache_folder(), notify=notify)
    facts = card(bench.source)
    for line in facts.lines():
        notify(line)
    watch.lap("data")
    comparison = compare_arms(
        arms, bench, seeds=range(seeds), out=out, notify=notify, finishers=(report_run,), watch=watch
    )
    notify("measuring what the towers cost, and answering ten queries")
    costs = demo_report(comparison, bench, facts, queries=QUERIES, out=out, watch=watch)
    print("\n".join(demo_lines(comparison, costs, out=out, watch=watch)))
    return comparison

"""DCD: how much faster a dual encoder searches than the fusion encoder that taught it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import torch
from torch import Tensor

from limbeck.core.recipe import Claim
from limbeck.core.study import METHOD, Lab, Scores, Study
from limbeck.evaluation.search_cost import Search, SearchCost, search_cost
from limbeck.recipes.papers.dcd import dcd, dcd_teacher
from limbeck.recipes.setups.emoji_pairs import METRIC
from limbeck.recipes.setups.stored_items import stored, validation_loader

FEWER, ITEMS, QUERIES, REPEATS = 250, 1000, 4, 9
FUSION, FASTER = "fusion encoder", "times as fast"
FASTER_FEWER = f"{FASTER}, {FEWER} items"


def dcd_speed() -> Study:
    """Times as fast over 250 and 1,000 items."""
    claim = Claim(
        statement="The distilled dual encoder searches far faster than the fusion encoder that taught it.",
        source="DCD, Rao et al. 2022, arXiv 2207.01426",
        metric=FASTER,
        published="at least 129 times faster than existing models at inference",
        baselines={FUSION: "reads every item again for each query"},
        setup=f"text to image over {ITEMS:,} items (validation items repeated), and over {FEWER}: encode the query and "
        f"compare it with stored vectors, or read stored tokens together; one thread, ways interleaved; of {REPEATS} "
        f"repeats of {QUERIES} queries the median ratio counts; quality on test rows: what the student gives "
        f"up for the speed is the paired difference of that metric to the arm `{FUSION}`",
        differs="the paper compares smaller with larger fusion encoders; encoding the query costs the fusion encoder "
        "nothing here, which favours it; no arm without a teacher: it is the same student, as fast, "
        "and `dcd` measures it; no feature matching: the teacher has no vector of one picture or caption",
        also=(FASTER_FEWER, "queries per second", METRIC),
    )
    return Study("dcd_speed", measure=measure, claim=claim)


def measure(seed: int, lab: Lab) -> Mapping[str, Scores]:
    """How much faster student than teacher, queries a second, and retrieval on the test rows."""
    fast, slow = lab.trial(dcd(), seed=seed), lab.trial(dcd_teacher(), seed=seed)
    vectors, tokens = stored(fast, "pooled"), stored(slow, "tokens")
    all_pictures = torch.nn.functional.normalize(vectors["image"]["pooled"], dim=-1)
    words, fusion = tokens["text"], slow.parts["fusion"].layer
    captions = next(iter(validation_loader(fast))).view("text")

    def ways(count: int) -> dict[str, Search]:
        items = torch.arange(count) % len(all_pictures)
        pictures, patches = all_pictures[items], tokens["image"]["tokens"][items]

        def by_vectors(query: int) -> Tensor:
            one = {name: value[query : query + 1] for name, value in captions.items()}
            return (fast.encoders["text"](one)["pooled"] @ pictures.T).argmax(-1)

        def by_reading(query: int) -> Tensor:
            row = slice(query, query + 1)
            return fusion.score(words["tokens"][row], key=patches, query_mask=words["mask"][row]).argmax(-1)

        return {METHOD: by_vectors, FUSION: by_reading}

    with torch.inference_mode():
        few, many = ([search_cost(ways(n), queries=QUERIES, rounds=1) for _ in range(REPEATS)] for n in (FEWER, ITEMS))
        rounds = {FASTER: many, FASTER_FEWER: few}
        found = {arm: {name: [faster(costs, arm)] for name, costs in rounds.items()} for arm in (METHOD, FUSION)}
    for arm, trial in {METHOD: fast, FUSION: slow}.items():
        found[arm]["queries per second"] = [median(cost[arm].per_second for cost in many)]
        found[arm][METRIC] = {metric.name: metric.items for metric in trial.student.metrics}[METRIC]
    return found


def faster(costs: Sequence[Mapping[str, SearchCost]], arm: str) -> float:
    """The median over repeats of the fusion encoder's seconds for those of an arm."""
    return median(cost[FUSION].seconds / cost[arm].seconds for cost in costs)

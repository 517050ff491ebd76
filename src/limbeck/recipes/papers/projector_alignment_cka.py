"""Encoders for projector-only alignment, chosen by CKA (Maniparambil et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from limbeck.core.recipe import Claim
from limbeck.core.sample import Batch
from limbeck.core.study import Lab, Scores, Study
from limbeck.functional.cka import unbiased_cka
from limbeck.functional.correlation import spearman
from limbeck.recipes.setups.emoji_pairs import METRIC
from limbeck.recipes.setups.frozen_pairs import EYES, READERS, frozen_pair

ROWS = 512


def projector_alignment_cka() -> Study:
    """The pair with the largest CKA against a pair that is taken at random."""
    claim = Claim(
        statement="Encoders that are more alike before any training, by CKA, are better aligned by projectors.",
        source="From Unimodal to Multimodal, Maniparambil et al. 2024, arXiv 2409.19425",
        metric=METRIC,
        published="representational similarity of the encoders predicts zero-shot accuracy (the abstract: no figure)",
        baselines={"a random pair": "mean over all pairs", "the best pair": "what could have been chosen"},
        setup="six pairs: EfficientNet-Lite0's last features or those of block 10 or 4, MiniLM's sentences or its mean "
        f"word embedding; unbiased CKA of {ROWS} training pairs; emoji by Google and Twitter, 200 steps of 96",
        differs="levels of two networks instead of many networks; also reports the rank correlation of CKA and quality",
        tuning="none: one setting for every pair, fixed beforehand",
        also=("rank correlation",),
    )
    return Study("projector_alignment_cka", measure=measure, claim=claim)


def measure(seed: int, lab: Lab) -> Mapping[str, Scores]:
    """Reciprocal ranks of the chosen pair, of all pairs on average, and of the best one."""
    alike, quality, items = [], [], []
    for eye, reader in product(EYES, READERS):
        trial = lab.trial(frozen_pair("pair", eye=eye, reader=reader), seed=seed)
        metric = next(m for m in trial.student.metrics if m.name == METRIC)
        items.append(np.asarray(metric.items))
        quality.append(float(metric.value))
        alike.append(likeness(lab, eye, reader))  # type: ignore[arg-type]  # every object has a hash
    table = np.stack(items)
    together = float(spearman(torch.tensor(alike), torch.tensor(quality)))
    found = {
        "method": table[int(np.argmax(alike))],
        "a random pair": table.mean(0),
        "the best pair": table[int(np.argmax(quality))],
    }
    return {arm: {METRIC: value, "rank correlation": [together]} for arm, value in found.items()}


@cache
def likeness(lab: Any, eye: str, reader: str) -> float:
    """Unbiased CKA of two outputs on the first training pairs; from the teachers' caches."""
    trial = lab.trial(frozen_pair("pair", eye=eye, reader=reader, steps=1), seed=0)
    rows = torch.tensor(sorted(trial.rows.train["image+text"])[:ROWS])
    batch = Batch({}, {m: torch.ones(len(rows), dtype=torch.bool) for m in ("image", "text")}, rows, 0 * rows)

    def said(name: str, output: str) -> Tensor:
        found = trial.taught.teachers[name](batch, want=(output,))
        value: Tensor = found[output].float()
        if value.ndim == 2:
            return value
        kept = torch.ones(value.shape[:2]) if found.mask is None else found.mask.float()
        return (value * kept[..., None]).sum(1) / kept.sum(1, keepdim=True)

    return float(unbiased_cka(said("eye.image", eye), said("reader.text", reader)))

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from evaluation import worlds
from limbeck.core.composite import Models
from limbeck.core.errors import UsageError
from limbeck.core.features import Features
from limbeck.core.part import Part
from limbeck.core.term import Ref
from limbeck.evaluation.control import shuffled_control
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.evaluation.similarities.part import PartSimilarity

INPUTS = {"image": Ref("image"), "text": Ref("text")}


class Matcher(nn.Module):
    """Two scores a pair: no match, match."""

    def forward(self, *, image: Tensor, text: Tensor) -> Mapping[str, Tensor]:
        score = (image * text).sum(1) + 2 * text[:, 0]
        return {"pooled": torch.stack([-score, score], 1), "score": score}


def parts() -> dict[str, Part]:
    return {"fusion": Part(Matcher(), {"image": Ref("student.image"), "text": Ref("student.text")})}


def test_every_pair_is_scored_whichever_side_asks():
    image, text = torch.randn(5, 3), torch.randn(4, 3)
    expected = torch.tensor([[(i @ t + 2 * t[0]).item() for t in text] for i in image])
    sides = (Features(pooled=image), Features(pooled=text))
    for rule in (PartSimilarity("fusion", inputs=INPUTS, chunk=3),
                 PartSimilarity("fusion", inputs=INPUTS, output="score")):  # fmt: skip
        there = rule(*sides, source="image", target="text", parts=parts())
        back = rule(*reversed(sides), source="text", target="image", parts=parts())
        torch.testing.assert_close(there, expected)
        torch.testing.assert_close(back, expected.T)


def test_retrieval_ranks_by_it_and_its_control_is_at_chance():
    vectors = worlds.perfect(24)
    broken = {**vectors, "text": vectors["text"] - 5 * vectors["text"].mean(0)}
    models = Models(worlds.models(broken), parts=parts())
    evaluator = RetrievalEvaluator((1,), similarity=PartSimilarity("fusion", inputs=INPUTS))
    assert evaluator.answers(models)
    loader = worlds.batches(broken)
    found = {metric.name: metric for metric in evaluator(models, loader)}
    table = np.array([[float(i @ t + 2 * t[0]) for t in broken["text"]] for i in broken["image"]])
    hits = np.mean([table[row].argmax() == row for row in range(24)])
    assert found["image->text R@1"].value == pytest.approx(hits)
    assert found["image->text R@1"].note.startswith("PartSimilarity")
    assert found["image->text R@1"].value != RetrievalEvaluator((1,))(models, loader)[0].value
    control = shuffled_control(evaluator, evaluator.embeddings(models, loader), permutations=40)
    assert control.passed, control.verdict


def test_an_unknown_part_is_named():
    rule = PartSimilarity("fusoin", inputs=INPUTS)
    sides = (Features(pooled=torch.ones(1, 2)), Features(pooled=torch.ones(1, 2)))
    with pytest.raises(UsageError, match="unknown part 'fusoin' in PartSimilarity.*did you mean 'fusion'"):
        rule(*sides, source="image", target="text", parts=parts())

from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.core.part import Moving, Part, make_parts
from limbeck.core.recipe import Method
from limbeck.core.term import Ref, Term
from limbeck.fusers.cross_attention import CrossAttentionFuser
from limbeck.heads.hard_pair_matcher import HardPairMatcher
from limbeck.heads.match import MatchHead
from limbeck.layers.memory.feature_queue import FeatureQueue
from limbeck.layers.pairs.drawn_partners import DrawnPartners
from limbeck.objectives.contrastive.matching import MatchingLoss
from limbeck.objectives.contrastive.queue_contrast import QueueContrastLoss
from limbeck.stages.accumulation import backward
from limbeck.stages.stage import Stage
from stages import worlds


def lists(found):
    return {name: value.tolist() for name, value in found.items()}


def test_a_deque_in_naive_python():
    queue, past = FeatureQueue(2, size=5), []
    for step, n in enumerate((2, 1, 4, 7, 3)):
        x, group = torch.randn(n, 2), torch.arange(n) + 10 * step
        found = lists(queue(features=x, group=group))
        empty = 5 - len(past)
        assert found["features"] == [v for v, _ in past] + [[0.0, 0.0]] * empty
        assert found["group"] == [g for _, g in past] + [-1] * empty
        assert found["filled"] == [True] * len(past) + [False] * empty
        for pair in zip(x.tolist(), group.tolist(), strict=True):
            past = [pair, *past][:5]


def test_evaluation_does_not_move_it_and_it_is_saved():
    queue = FeatureQueue(1, size=3)
    queue(features=torch.tensor([[4.0]]), group=torch.tensor([7]))
    again = FeatureQueue(1, size=3).eval()
    again.load_state_dict(queue.state_dict())
    for _ in range(2):
        found = lists(again(features=torch.tensor([[9.0]])))
        assert found == {"features": [[4.0], [0.0], [0.0]], "group": [7, -1, -1], "filled": [True, False, False]}


def test_what_it_gave_is_not_changed_by_what_it_takes_in():
    queue = FeatureQueue(1, size=2)
    queue(features=torch.ones(1, 1))
    found = queue(features=2 * torch.ones(1, 1))
    queue(features=3 * torch.ones(2, 1))
    assert found["features"].tolist() == [[1.0], [0.0]]


def test_no_gradient_is_kept():
    queue, x = FeatureQueue(1, size=2), torch.ones(1, 1, requires_grad=True)
    queue(features=x)
    assert not queue(features=x)["features"].requires_grad


def test_an_empty_queue_is_refused():
    with pytest.raises(UsageError, match="size 0"):
        FeatureQueue(2, size=0)


def described():
    """Two averages, their queues and a drawn wrong partner: everything in a stage that has a memory or a draw."""
    slow = {f"slow.{m}": Moving(f"student.{m}", decay=0.9) for m in ("image", "text")}
    group = Ref("target", "group")
    queues = {
        f"queue.{m}": Part(FeatureQueue(worlds.WIDTH, size=20), {"features": Ref(f"slow.{m}"), "group": group})
        for m in ("image", "text")
    }
    read = {"query": Ref("student.text", "tokens"), "key": Ref("student.image", "tokens"), "scale": worlds.SCALE}
    read |= {"query_pooled": worlds.TEXT, "key_pooled": worlds.IMAGE}
    fuser = CrossAttentionFuser(8, query_width=8, key_width=8, heads=2, depth=1)
    return slow | queues | {"matcher": Part(HardPairMatcher(fuser, head=MatchHead(8), partners=DrawnPartners()), read)}


def method():
    inputs = {"query": worlds.IMAGE, "key": worlds.TEXT, "scale": worlds.SCALE, "target_group": Ref("target", "group")}
    inputs |= {"teacher_query": Ref("slow.image"), "teacher_key": Ref("slow.text")}
    inputs |= {"teacher_past_query": Ref("queue.image", "features"), "teacher_past_key": Ref("queue.text", "features")}
    inputs |= {"target_past": Ref("queue.image", "filled"), "target_past_group": Ref("queue.text", "group")}
    pairs = {name: Ref("matcher", name) for name in ("positive", "negative_query", "negative_key")}
    terms = {"contrast": Term(QueueContrastLoss(), inputs), "matching": Term(MatchingLoss(), pairs)}
    return Method(terms, described())


def test_a_method_trains_its_queues():
    assert method().trains() == (
        "matcher", "queue.image", "queue.text", "student.image", "student.scale", "student.text",
    )  # fmt: skip


@pytest.mark.parametrize("micro", [1, 5])
def test_three_steps_in_micro_batches_equal_three_whole_ones(micro):
    def run(size):
        producers = {**worlds.producers(), **make_parts(described(), seed=3)}
        stage = Stage(worlds.spec(terms=method().terms, trains=method().trains()), producers=producers).train()
        for step in range(3):
            torch.manual_seed(step)
            backward(stage, worlds.Steps().batch(step), step=step, micro_batch=size)
            stage.advance()
        return {name: p.grad for name, p in stage.named_parameters() if p.grad is not None}, stage.state_dict()

    (whole, state), (parts, same) = run(None), run(micro)
    assert whole.keys() == parts.keys()
    assert int(state["trained.queue/image.count"]) == 20
    for name in whole:
        torch.testing.assert_close(parts[name], whole[name], atol=1e-5, rtol=1e-5)
    for name in ("kept", "kept_group", "count"):
        torch.testing.assert_close(same[f"trained.queue/image.{name}"], state[f"trained.queue/image.{name}"])


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    spec = worlds.spec(6, terms=method().terms, trains=method().trains(), save_every=3)
    held = worlds.resumed(spec, described(), tmp_path)
    assert int(held["trained.queue/text.count"]) == 20
    assert bool((held["trained.queue/text.kept_group"] >= 0).all())

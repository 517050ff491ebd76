"""What moving averages of towers and fusion encoder add to `fused_pairs`: a queue, and targets (ALBEF)."""

from __future__ import annotations

from limbeck.core.part import Moving, Part
from limbeck.core.recipe import Method
from limbeck.core.schedule import Schedule
from limbeck.core.term import Ref, Term
from limbeck.layers.memory.feature_queue import FeatureQueue
from limbeck.objectives.affinity.queue_mimicking import QueueMimickingLoss
from limbeck.objectives.contrastive.queue_contrast import QueueContrastLoss
from limbeck.objectives.sequence.masked_word_kd import MaskedWordKDLoss
from limbeck.recipes.setups.emoji_pairs import GROUP, IMAGE, REAL, SCALE, TEXT

SPACE, DECAY = 128, 0.98  # width of the shared space; of the moving averages
SLOW_IMAGE, SLOW_TEXT = Ref("slow.image"), Ref("slow.text")


def slow_pairs(size: int) -> tuple[dict[str, Ref], dict[str, Part | Moving]]:
    """What contrast with slow partners reads, and the averages and queues behind it."""
    parts: dict[str, Part | Moving] = {f"slow.{m}": Moving(f"student.{m}", decay=DECAY) for m in ("image", "text")}
    for name, slow in (("image", SLOW_IMAGE), ("text", SLOW_TEXT)):
        parts[f"queue.{name}"] = Part(FeatureQueue(SPACE, size=size), {"features": slow, "group": GROUP})
    inputs = {"query": IMAGE, "key": TEXT, "scale": SCALE, "teacher_query": SLOW_IMAGE, "teacher_key": SLOW_TEXT}
    inputs |= {"teacher_past_query": Ref("queue.image", "features"), "teacher_past_key": Ref("queue.text", "features")}
    inputs |= {"target_past": Ref("queue.image", "filled"), "target_past_group": Ref("queue.image", "group")}
    return inputs | {"target_group": GROUP}, parts


def slow_contrast(inputs: dict[str, Ref], weight: float | Schedule = 1.0) -> Term:
    """Right answers against the batch's and the queue's wrong ones."""
    return Term(QueueContrastLoss(), inputs, weight)


def slow_likeness(inputs: dict[str, Ref], weight: float | Schedule) -> Term:
    """What the averages believe about the same answers."""
    return Term(QueueMimickingLoss(), inputs, weight)


def slow_words(weight: float | Schedule) -> Method:
    """What the averages of towers, fusion encoder and head believe about the hidden words."""
    slow = {"key": Ref("slow.image", "tokens"), "hidden": Ref("slow.reading", "tokens"), "query_mask": REAL}
    parts = {
        "slow.reading": Moving("reading", decay=DECAY),
        "slow.matcher": Moving("matcher", decay=DECAY, inputs=slow),
        "slow.word": Moving(
            "word", decay=DECAY, inputs={"tokens": Ref("slow.matcher", "tokens"), "place": Ref("hidden", "place")}
        ),
    }
    inputs = {"logits": Ref("word"), "teacher": Ref("slow.word"), "target": Ref("hidden", "word")}
    return Method({"slow words": Term(MaskedWordKDLoss(), inputs, weight)}, parts)

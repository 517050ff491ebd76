"""What a fusion encoder can teach two towers: pair scores and who looks at whom."""

from __future__ import annotations

from limbeck.core.objective import Objective
from limbeck.core.part import Part
from limbeck.core.recipe import Method
from limbeck.core.term import Ref, Term
from limbeck.layers.attention.regridded_map import RegriddedMap
from limbeck.layers.tokens.drop_first import DropFirst
from limbeck.objectives.affinity.attention_map import AttentionMapLoss
from limbeck.recipes.setups.emoji_pairs import GROUP, IMAGE, PATCHES, REAL, SCALE, TEXT, WORDS, contrast
from limbeck.recipes.setups.fusion_teacher import SCORES


def fusion_lessons(objective: Objective, *, weight: float = 1.0) -> Method:
    """Contrast, the teacher's pair scores by an objective, and its attention maps both ways."""
    scores = {"query": TEXT, "key": IMAGE, "scale": SCALE, "teacher_scores": SCORES, "target_group": GROUP}
    patches, forth, back = Ref("patches", "tokens"), Ref("maps", "attention"), Ref("maps", "attention_back")
    maps = {"attention": Ref("fusion", "attention"), "attention_back": Ref("fusion", "attention_back"), "words": REAL}
    reads = {"query": WORDS, "key": patches, "query_mask": REAL, "teacher_attention": forth}
    read_back = {"query": patches, "key": WORDS, "key_mask": REAL, "teacher_attention": back}
    terms = {
        "contrast": contrast(),
        "scores": Term(objective, scores, weight),
        "words look": Term(AttentionMapLoss(), reads, 0.1),
        "patches look": Term(AttentionMapLoss(), read_back, 0.1),
    }
    parts = {"patches": Part(DropFirst(), {"tokens": PATCHES}), "maps": Part(RegriddedMap(5, target=4), maps)}
    return Method(terms, parts)

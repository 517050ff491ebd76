"""A fusion encoder over frozen patches and words, trained here, and a student that never sees it at search time.

Patches are EfficientNet-Lite0's, words MiniLM's; cross-attention between them is trained in a first stage by contrast
over all pairs of a batch. Every seed has a teacher of its own.
"""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Method, Recipe, StageSpec
from limbeck.core.term import Ref, Term
from limbeck.fusers.co_attention import CoAttentionFuser
from limbeck.heads.all_pair_scorer import AllPairScorer
from limbeck.heads.match import MatchHead
from limbeck.layers.tokens.token_projector import TokenProjector
from limbeck.objectives.contrastive.pair_contrast import PairContrastLoss
from limbeck.recipes.setups.emoji_pairs import GROUP, contrast, emoji_pairs, pair_stage

DATA, EXPERT = "emoji:size=64,text=label,skins=no,train=twitter,test=twitter", {"expert": "icons"}
WIDTH, ROWS, STEPS, SCORES = 32, 32, 150, Ref("fusion", "scores")


def fusion() -> dict[str, Part]:
    """Patches and words of the frozen encoders, brought to one width, and every pair read together."""
    words, patches = Ref("expert.text", "tokens"), Ref("expert.image", "tokens")
    fuser = CoAttentionFuser(WIDTH, query_width=WIDTH, key_width=WIDTH, heads=2, depth=1)
    read = {
        "query": Ref("expert.words", "tokens"),
        "query_mask": Ref("expert.words", "mask"),
        "key": Ref("expert.patches", "tokens"),
    }
    return {
        "expert.words": Part(TokenProjector(384, width=WIDTH), {"tokens": words, "mask": Ref("expert.text", "mask")}),
        "expert.patches": Part(TokenProjector(1280, width=WIDTH), {"tokens": patches}),
        "fusion": Part(AllPairScorer(fuser, head=MatchHead(WIDTH)), read),
    }


def taught_by_fusion(name: str, method: Method, *, learning_rate: float = 2e-3) -> Recipe:
    """The teacher first, then a student by a method that reads its scores and maps; the teacher stands still."""
    recipe = emoji_pairs(name, method, data=DATA, rows=ROWS, learning_rate=learning_rate)
    reads = {ref.producer for part in method.parts.values() for ref in part.inputs.values()}
    reads |= {ref.producer for term in method.terms.values() for ref in term.inputs.values()}
    if "fusion" not in reads:
        teachers = EXPERT if any(name.startswith("expert.") for name in reads) else {}
        return replace(recipe, teachers=teachers)
    parts = {**fusion(), **method.parts}
    return replace(recipe, parts=parts, teachers=EXPERT, stages=(fusion_stage(), *recipe.stages))


def fusion_stage() -> StageSpec:
    """Tokens are aligned while cross-attention learns which picture and which caption belong together."""
    terms = {
        "pairs": Term(PairContrastLoss(), {"scores": SCORES, "target_group": GROUP}),
        "aligned": contrast(Ref("expert.patches"), Ref("expert.words")),
    }
    return pair_stage(Method(terms, fusion()), name="fusion", steps=STEPS, rows=ROWS)

"""XBT: a new model asks an old gallery (Jang and Lim 2024)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Claim, Recipe
from limbeck.core.term import Ref
from limbeck.recipes.setups.emoji_pairs import RATES
from limbeck.recipes.setups.old_gallery import old_gallery, pairs, texts


def xbt() -> Recipe:
    """A bridge from texts alone, then few pairs with low-rank changes of the new model."""
    claim = Claim(
        statement="A projector pretrained on text alone lets a new model search an old gallery after few pairs.",
        source="XBT, Jang and Lim 2024, arXiv 2405.14715",
        metric="text->image MRR",
        published="significantly fewer image-text pairs, no backfilling (the abstract gives no figure)",
        baselines={
            "pairs alone": "xbt_pairs",
            "text alone": "xbt_text",
            "no projector": "xbt_bare",
            "old model asks": "xbt_old",
        },
        setup="emoji, 32 px; old model vit-xs after 200 steps, new model vit-xm after 900; the new model's words ask "
        "for pictures that the old one embedded; 300 steps of 256 of 40,003 texts without pictures, then 100 of 96 of "
        "580 pairs, those of 140 of the 1,429 training concepts. No training in two arms: the new model's vectors as "
        "they are, and the old model's own words, which is what no upgrade would give",
        differs="models trained here, on the pairs of all concepts; LoRA only; queries are texts; one number of pairs, "
        "so that how many it saves is not measured; text alone is plain feature matching; no arm without a teacher: "
        "the old model's gallery is what is searched",
        tuning=RATES + "; pairs alone has 400 steps on them; the trials of the method and of text alone had 4,003 of "
        "these texts; nothing to be chosen where nothing is trained",
    )
    return replace(old_gallery("xbt", texts(1e-3), pairs(1e-3)), claim=claim)


def xbt_pairs() -> Recipe:
    """The same bridge from the few pairs alone, for all steps."""
    return old_gallery("xbt_pairs", pairs(1e-3, steps=400))


def xbt_text() -> Recipe:
    """The bridge from texts alone, for all steps."""
    return old_gallery("xbt_text", texts(4e-3, steps=400))


def xbt_bare() -> Recipe:
    """The new model's text vectors as they are; the one step trains a bridge that nothing crosses."""
    return old_gallery("xbt_bare", texts(1e-3, steps=1), asks=Ref("student.text"))


def xbt_old() -> Recipe:
    """The old model asks its own gallery; the one step trains a bridge that nothing crosses."""
    return old_gallery("xbt_old", texts(1e-3, steps=1), asks=Ref("old.text"))

"""MaskAlign: masked pictures without reconstruction (Xue et al. 2022)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Claim, Recipe
from limbeck.core.term import Ref
from limbeck.layers.tokens.masked_token_decoder import MaskedTokenDecoder
from limbeck.recipes.setups.grid_digits import TAUGHT, WIDTH
from limbeck.recipes.setups.masked_digits import KEPT, RATE, aligned, alignment, masked_digits, match, patches, picked
from limbeck.surgery.drop_patches import DropPatchesSurgery

MASKED = (DropPatchesSurgery(0.7),)


def mask_align() -> Recipe:
    """Visible tokens of two levels, mixed and matched to the teacher's on the whole picture."""
    claim = Claim(
        statement="Aligning visible patches with a teacher's gives better features in equal time than reconstruction.",
        source="MaskAlign, Xue et al. 2022, arXiv 2211.08887",
        metric="accuracy",
        published="state of the art with much higher efficiency; ViT-B/16: 85.4 % on ImageNet, fine-tuned",
        baselines={
            "masked feature reconstruction": "mask_align_reconstruction",
            "feature matching": "mask_align_whole",
            "no pre-training": "mask_align_probe",
        },
        setup=f"{TAUGHT} labels of a tenth; ViT of 2 layers and width 48 (16 patches, 70 % masked); pre-training on "
        "batches of 128 pictures, 400 steps for the arm whose step is cheapest and for the others as many as take the "
        "same seconds; then, the same in every arm, 300 steps of a linear probe of the mean of its frozen patches",
        differs="digits instead of ImageNet, a supervised teacher trained here instead of CLIP, a probe instead of "
        "fine-tuning, patches drawn evenly; the reconstructing baseline predicts the teacher's last level; how much "
        "less time equal accuracy takes is not measured; no inherited weights: the surgery that chooses a teacher's "
        "units knows CLIP's towers, not this one's class token",
        tuning=f"none: learning rate {RATE} for every arm, fixed beforehand",
        budget="seconds",
    )
    parts = patches() | picked() | alignment()
    return replace(masked_digits("mask_align", parts, aligned("picked"), "align", surgeries=MASKED), claim=claim)


def mask_align_reconstruction() -> Recipe:
    """All patches of the teacher's last level are predicted from the visible ones."""
    decoder = MaskedTokenDecoder(48, tokens=16, width=WIDTH)
    parts = patches() | {"decoder": Part(decoder, {"seen": Ref("seen.2", "tokens"), "place": KEPT})}
    terms = {"reconstruction": match(Ref("decoder", "tokens"), Ref("patches.6", "tokens"))}
    return masked_digits("mask_align_reconstruction", parts, terms, "decoder", surgeries=MASKED)


def mask_align_whole() -> Recipe:
    """The same alignment on whole pictures."""
    return masked_digits("mask_align_whole", patches() | alignment(), aligned("patches"), "align")


def mask_align_probe() -> Recipe:
    """The probe on random features."""
    return masked_digits("mask_align_probe", {}, {})

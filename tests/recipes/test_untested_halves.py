"""What an abstract says and the claim does not test stands in `differs`."""

from __future__ import annotations

import pytest

from limbeck.claims.found import claim_of, find_claim

UNTESTED = {
    "albef": "VQA",
    "albef_fusion": "VQA",
    "align": "zero-shot classification",
    "distill_weighted": "instead of eight",
    "fdt": "no other task",
    "filip": "word-patch localisation",
    "irra": "earlier methods",
    "m2mkd": "out of distribution",
    "mask_align": "less time",
    "nd_loss": "feature distillation",
    "proc_kd": "0 to 4",
    "projector_alignment": "compute",
    "prompt_kd": "11 data sets",
    "scale_kd": "Mixer-S/16",
    "ssld": "transfer",
    "ssld_unlabelled": "transfer",
    "taid": "mode collapse",
    "talking_models": "shift",
    "tgeo_kd": "click-through",
    "tiny_clip": "retrieval stands for",
    "tiny_clip_masks": "zero-shot classification",
    "vl2v_adip": "white box",
    "xbt": "how many it saves",
}


@pytest.mark.parametrize("name", UNTESTED)
def test_what_a_claim_leaves_out_is_named(name: str) -> None:
    assert UNTESTED[name] in claim_of(find_claim(name)).differs

"""Decoupled contrast: what `no_teacher` does, with another contrastive loss."""

from __future__ import annotations

from limbeck.core.recipe import Method
from limbeck.core.term import Term
from limbeck.objectives.contrastive.dcl import DCLLoss
from limbeck.recipes.bases import IMAGE, SCALE, TEXT


def decoupled_contrast() -> Method:
    """Both towers from the pairs alone, by a contrast whose pull does not fade in small batches (Yeh et al. 2021)."""
    return Method({"contrast": Term(DCLLoss(), {"query": IMAGE, "key": TEXT, "scale": SCALE})})

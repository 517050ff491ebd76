"""VL2V-ADiP: align a pretrained student with its teacher's two modalities, distil, predict (Addepalli et al. 2023)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Claim, Recipe, StageSpec
from limbeck.core.term import Ref, Term
from limbeck.heads.linear import LinearHead
from limbeck.recipes.setups import taught_emoji as emoji
from limbeck.recipes.setups.taught_emoji import SHIFTED, WORDS, like, stage, taught_emoji, untaught_emoji

PROJECTED = Ref("project")


def vl2v_adip() -> Recipe:
    """The projection alone, then the tower behind it."""
    claim = Claim(
        statement="Aligning a projection first and distilling afterwards generalises to an unseen domain better than "
        "distilling at once.",
        source="Addepalli et al. 2023, arXiv 2310.08255",
        metric=emoji.METRIC,
        published="state of the art on the standard domain generalisation benchmarks (the abstract gives no figure)",
        baselines={
            "distilled at once": "vl2v_adip_direct",
            "pictures only": "vl2v_adip_pictures",
            "no teacher's pictures": "vl2v_adip_names",
            "no teacher": "vl2v_adip_untaught",
        },
        setup=emoji.SETUP.replace("200 steps", "100 steps on EfficientNet's own features, then 200 steps")
        + "; the test is Apple's drawings of unseen concepts",
        differs="vendors as domains, open-vocabulary naming instead of fixed classes; the student's pretraining is "
        "itself distilled from ImageNet features; the projection is frozen in the second stage; no student with its "
        "teacher's weights (white box); pictures only is feature matching; " + emoji.UNTAUGHT + ", after all 300 steps",
        tuning=emoji.TUNING + "; a quarter of the steps for alignment",
    )
    align = stage("align", _both(), "project", steps=50, learning_rate=8e-3)
    distil = stage("distil", _both(), "student.image", steps=150, learning_rate=8e-3)
    return replace(_recipe("vl2v_adip", align, distil), claim=claim)


def vl2v_adip_direct() -> Recipe:
    """Projection and tower together from the start."""
    return _recipe("vl2v_adip_direct", stage("distil", _both(), "project", "student.image", learning_rate=2e-3))


def vl2v_adip_pictures() -> Recipe:
    """Projection and tower against the teacher's pictures alone."""
    return _recipe("vl2v_adip_pictures", stage("distil", {"pictures": like(PROJECTED)}, "project", "student.image"))


def vl2v_adip_names() -> Recipe:
    """The pretrained tower from pairs with the words."""
    train = stage("names", {"names": emoji.named()}, "student.image", "student.scale", "words", learning_rate=2e-3)
    parts = _pretraining() | emoji.words()
    return taught_emoji("vl2v_adip_names", _pretrain(), train, parts=parts, data=SHIFTED, text=Ref("words"))


def vl2v_adip_untaught() -> Recipe:
    """Both towers from the pairs alone, for as many steps as all the stages together."""
    return untaught_emoji("vl2v_adip_untaught", data=SHIFTED, steps=300)


def _both() -> dict[str, Term]:
    return {"pictures": like(PROJECTED, weight=0.5), "words": like(PROJECTED, WORDS, weight=0.5)}


def _pretraining() -> dict[str, Part]:
    return {"imagenet": Part(LinearHead(256, width=1280), {"x": Ref("student.image")})}


def _pretrain() -> StageSpec:
    terms = {"imagenet": like(Ref("imagenet"), Ref("teacher.image", "base"))}
    return stage("pretrain", terms, "student.image", "imagenet", steps=100)


def _recipe(name: str, *stages: StageSpec) -> Recipe:
    parts = _pretraining() | {"project": Part(LinearHead(256, width=256), {"x": Ref("student.image")})}
    return taught_emoji(name, _pretrain(), *stages, parts=parts, data=SHIFTED, image=PROJECTED)

"""Two frozen encoders and a trained projector on each: what claims about projectors run on."""

from __future__ import annotations

from limbeck.core.part import Part
from limbeck.core.recipe import Budget, DataSpec, Optimisation, Recipe, StageSpec
from limbeck.core.term import Ref
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.layers.tokens.mean_tokens import MeanTokens
from limbeck.recipes.setups.emoji_pairs import contrast

WIDTH = 128
VENDORS = "emoji:size=32,skins=no,train=google+twitter,test=google+twitter"
# output of the encoder -> (its width, whether it is tokens); blocks of a network stand for encoders of their own
EYES = {"pooled": (1280, False), "hidden.10": (112, True), "hidden.4": (40, True)}
READERS = {"pooled": (384, False), "hidden.0": (384, True)}


def frozen_pair(
    name: str,
    *,
    eye: str = "pooled",
    reader: str = "pooled",
    data: str = VENDORS,
    rows: int = 96,
    steps: int = 200,
    learning_rate: float = 2e-3,
) -> Recipe:
    """Projectors on EfficientNet-Lite0 and MiniLM, by contrast; nothing else trains."""
    parts = _projected("image", "eye.image", eye, *EYES[eye]) | _projected(
        "text", "reader.text", reader, *READERS[reader]
    )
    image, text = Ref("image.vector"), Ref("text.vector")
    stage = StageSpec(
        "projectors",
        {"contrast": contrast(image, text)},
        ("image.vector", "student.scale", "text.vector"),
        Budget(steps, batch={"image+text": rows}),
        Optimisation(learning_rate=learning_rate, weight_decay=0.1),
    )
    return Recipe(
        name,
        DataSpec(data, precision="bf16"),
        "resnet-xs",
        (stage,),
        teachers={"eye": "efficientnet-lite0", "reader": "minilm"},
        evaluators=(RetrievalEvaluator((1, 5)),),
        parts=parts,
        answers={"image": image, "text": text},
    )


def _projected(modality: str, encoder: str, output: str, width: int, tokens: bool) -> dict[str, Part]:
    layer, source = MLPProjector(width, hidden=256, width=WIDTH, dropout=0.3, layer_norm=True), Ref(encoder, output)
    if not tokens:
        return {f"{modality}.vector": Part(layer, {"x": source})}
    inputs = {"tokens": source} | ({"mask": Ref(encoder, "mask")} if modality == "text" else {})
    mean = Part(MeanTokens(), inputs)
    return {f"{modality}.mean": mean, f"{modality}.vector": Part(layer, {"x": Ref(f"{modality}.mean")})}

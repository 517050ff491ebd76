"""`st:` models: sentence-transformers folders, opened without sentence-transformers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from limbeck.core.artefact import read_json
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.encoders.hf import open_model, text_spec_for
from limbeck.encoders.hf_text import HFTextEncoder
from limbeck.encoders.hub import locate
from limbeck.encoders.pooling import Pooling, cls_pooling, max_pooling, mean_pooling
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.encoders.text_spec import shorter

_POOLINGS: Mapping[str, Pooling] = {"mean": mean_pooling, "cls": cls_pooling, "max": max_pooling}
_ACTIVATIONS = {kind.__name__: kind for kind in (nn.Identity, nn.Tanh, nn.ReLU, nn.GELU)}


class Normalise(nn.Module):
    """Length 1, as the folder's own last step does."""

    def forward(self, x: Tensor) -> Tensor:
        """`x / |x|`."""
        return nn.functional.normalize(x, dim=-1)


def open_teacher(name: str) -> TeacherModels:
    """The text encoder of a sentence-transformers folder: transformer, pooling, then dense layers and normalising.

    `pooled` is what `SentenceTransformer(folder).encode` returns, so it has length 1 where the folder says so.

    Raises:
        UsageError: a module or pooling that is not reproduced, named.
        ArtefactError: a folder that cannot be read.
    """
    folder = locate(name)
    modules = read_json(folder / "modules.json", kind="sentence-transformers list")
    try:
        steps = [(str(step["type"]).rpartition(".")[2], folder / str(step["path"])) for step in modules]
    except (TypeError, KeyError) as error:
        raise ArtefactError(f"{folder / 'modules.json'} is malformed: no {error}") from error
    kinds = [kind for kind, _ in steps]
    if kinds[:1] != ["Transformer"]:
        raise UsageError(f"{folder} starts with {kinds[:1] or 'nothing'}; valid: Transformer (CLIP: by hf:)")
    if kinds[1:2] != ["Pooling"]:
        raise UsageError(
            f"{folder} has no Pooling after its Transformer, but {', '.join(kinds[1:]) or 'nothing'}; a model of "
            f"pictures and texts, such as CLIP, is named hf:{folder}"
        )
    inner = steps[0][1]
    model, missing = open_model(inner)
    if any(not key.startswith("pooler.") for key in missing):
        raise ArtefactError(f"{inner} lacks weights: {', '.join(missing[:3])}; the model would be partly random")
    settings = inner / "sentence_bert_config.json"
    extra = read_json(settings) if settings.is_file() else {}
    spec = text_spec_for(model.config, inner)
    longest = int(extra.get("max_seq_length") or spec.max_length)
    spec = shorter(spec, longest, lowercase=bool(extra.get("do_lower_case")))
    tail = [_tail(kind, path) for kind, path in steps[2:]]
    head = nn.Sequential(*tail) if tail else None
    encoder = HFTextEncoder(model, spec=spec, head=head, pooling=_pooling(steps[1][1]))
    return TeacherModels(f"st:{name}", {"text": encoder}, aligned=False)


def _pooling(folder: Path) -> Pooling:
    config = read_json(folder / "config.json", kind="pooling configuration")
    if "pooling_mode" in config:
        chosen = [str(config["pooling_mode"])]
    else:
        on = [key for key, value in config.items() if key.startswith("pooling_mode_") and value]
        chosen = [key.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token") for key in on]
    if len(chosen) != 1 or chosen[0] not in _POOLINGS:
        raise UsageError(f"{folder} pools by {' and '.join(chosen) or 'nothing'}; valid: one of {', '.join(_POOLINGS)}")
    return _POOLINGS[chosen[0]]


def _tail(kind: str, folder: Path) -> nn.Module:
    if kind == "Normalize":
        return Normalise()
    if kind != "Dense":
        raise UsageError(f"{folder} is a {kind}; valid after the pooling: Dense, Normalize")
    from safetensors.torch import load_file

    config: dict[str, Any] = read_json(folder / "config.json", kind="dense layer")
    activation = str(config.get("activation_function", "Identity")).rpartition(".")[2]
    if activation not in _ACTIVATIONS:
        raise UsageError(f"{folder} has the activation {activation}; valid: {', '.join(_ACTIVATIONS)}")
    try:
        linear = nn.Linear(int(config["in_features"]), int(config["out_features"]), bias=bool(config.get("bias", True)))
        state = load_file(folder / "model.safetensors")
        linear.load_state_dict({key.removeprefix("linear."): value for key, value in state.items()})
    except Exception as error:
        raise ArtefactError(f"{folder} is not a readable dense layer: {str(error)[:160]}") from error
    return nn.Sequential(linear, _ACTIVATIONS[activation]())

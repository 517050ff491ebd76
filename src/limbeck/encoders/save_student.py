"""`save_student`: a student as a plain `transformers` folder that nothing of Limbeck is needed to open."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from limbeck.core.artefact import new_folder, write_json
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.encoders.image_spec import RESAMPLE
from limbeck.encoders.mlp_image import MLPImageEncoder
from limbeck.encoders.quiet import quiet
from limbeck.encoders.student import Student


def save_student(student: Student, folder: Path, *, source: Mapping[str, Any] | None = None) -> None:
    """Write weights, configuration, tokenizer and preprocessing, whole or not at all.

    A student of pictures alone has no tokenizer and no scale; an MLP has no `transformers` class and is opened by
    `mlp_image:FOLDER`.

    `AutoModel` and `AutoProcessor` open the folder without remote code and without torchvision, and
    `get_image_features` and `get_text_features` answer bit for bit what the student's encoders answer in eval mode.

    Args:
        student: as trained; the learned scale goes into the model's `logit_scale` (log, at most the limit).
        folder: replaced if it is there.
        source: fingerprints for the manifest.

    Raises:
        ResourceError: the disk is full; nothing is left behind.
    """
    image = student.encoders["image"].spec
    text = student.encoders["text"].spec if "text" in student.encoders else None
    assert isinstance(image, ImageSpec)
    with new_folder(folder, "model", source=source, replace=True) as temporary, quiet():
        model: Any = student.model
        if isinstance(model, MLPImageEncoder):
            model.write(temporary)
            return
        if text is None:
            model.save_pretrained(temporary, state_dict=_state(student))
            _pictures(image).save_pretrained(temporary)
            return
        assert isinstance(text, TextSpec)
        model.save_pretrained(temporary, state_dict=_state(student))
        processor = _processor(model.config, image, text)
        processor.save_pretrained(temporary)
        # Readers that open tokenizer or image processor alone, and older versions, look into these two files.
        processor.image_processor.save_pretrained(temporary)
        _plain_tokenizer_class(temporary / "tokenizer_config.json")


def _state(student: Student) -> dict[str, Tensor]:
    state = {name: value.detach().contiguous() for name, value in student.model.state_dict().items()}
    scale = student.scale
    for name, value in (
        ("logit_scale", scale.log_scale.detach().clamp(max=math.log(scale.limit))),
        ("logit_bias", scale.offset.detach()),
    ):
        if name in state:
            state[name] = value.to(state[name].dtype).reshape(state[name].shape).clone()
    return state


def _processor(config: Any, image: ImageSpec, text: TextSpec) -> Any:
    from transformers import CLIPProcessor, SiglipProcessor, VisionTextDualEncoderProcessor

    kinds = {"clip": CLIPProcessor, "siglip": SiglipProcessor}
    kind = kinds.get(config.model_type, VisionTextDualEncoderProcessor)
    return kind(image_processor=_pictures(image), tokenizer=_tokenizer(text))


def _pictures(image: ImageSpec) -> Any:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    square = {"height": image.height, "width": image.width}
    return CLIPImageProcessorPil(
        do_convert_rgb=True,
        do_resize=True,
        size=square if image.shortest_edge is None else {"shortest_edge": image.shortest_edge},
        resample={name: number for number, name in RESAMPLE.items()}[image.resample],
        do_center_crop=image.shortest_edge is not None,
        crop_size=square,
        do_rescale=True,
        rescale_factor=1 / 255,
        do_normalize=True,
        image_mean=list(image.mean),
        image_std=list(image.std),
    )


def _tokenizer(text: TextSpec) -> Any:
    from tokenizers import Tokenizer, normalizers
    from transformers import PreTrainedTokenizerFast

    library = Tokenizer.from_str(text.tokenizer)
    library.no_padding()
    library.no_truncation()
    if text.lowercase:
        first = normalizers.Lowercase()
        library.normalizer = normalizers.Sequence([first, library.normalizer]) if library.normalizer else first
    return PreTrainedTokenizerFast(
        tokenizer_object=library,
        pad_token=library.id_to_token(text.pad_id),
        model_max_length=text.max_length,
        # what is always padded to one length (SigLIP) was trained to see its padding: a mask would give other vectors
        model_input_names=["input_ids"] if text.pad_to else ["input_ids", "attention_mask"],
        padding_side="right",
        truncation_side="right",
    )


def _plain_tokenizer_class(path: Path) -> None:
    """The name that every version of transformers since 4 knows; 5 writes one that 4 does not."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    plain["tokenizer_class"] = "PreTrainedTokenizerFast"
    write_json(path, plain)

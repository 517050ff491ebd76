"""`WordMask`: hides words."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from limbeck.core.errors import UsageError
from limbeck.functional.word_choice import choose_words, placed


class WordMask(nn.Module):
    """Puts one learned vector in the place of `count` words a row, drawn anew at every training step.

    Use when a fusion model shall say from the picture which word was hidden. Feed it embeddings, not the output of a
    text tower: there the neighbours have already seen the word.

    The first and the last real token ([CLS], [SEP]) are never hidden. In eval mode the same words are hidden every
    time, those with the largest ids.

    Args:
        width: of the tokens.
        count: words to hide a row; fewer where a row has fewer.

    Raises:
        UsageError: the count is not positive.

    Source: BERT, Devlin et al. 2018, arXiv 1810.04805.

    Differs from the paper: a number of words instead of 15 % of them (captions here have two to eight words); always
    hidden, never replaced by another word.
    """

    outputs = ("tokens", "place", "word")

    def __init__(self, width: int, *, count: int = 1) -> None:
        super().__init__()
        if count < 1:
            raise UsageError(f"count {count} is not valid; it must be at least 1")
        self.width = width
        self.count = count
        self.blank = nn.Parameter(torch.zeros(width))

    def forward(
        self,
        *,
        tokens: Float[Tensor, "n t width"],
        ids: Int[Tensor, "n t"],
        mask: Bool[Tensor, "n t"] | None = None,
    ) -> dict[str, Tensor]:
        """Hide words.

        Args:
            tokens: word embeddings.
            ids: of the words.
            mask: tokens that are real; None means all.

        Returns:
            `tokens` with blanks `(n, t, width)`; `place` `(n, count)`, position of each hidden word, -1 where there is
            none; `word` `(n, count)`, its id, -1 where there is none.
        """
        luck = torch.rand(ids.shape, device=ids.device) if self.training else ids.float() + 1
        place, word = choose_words(ids, mask, luck, self.count)
        hidden = placed(place, ids.shape[1])[..., None]
        return {"tokens": torch.where(hidden, self.blank.to(tokens.dtype), tokens), "place": place, "word": word}

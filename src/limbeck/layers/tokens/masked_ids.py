"""`MaskedIds`: a caption with words replaced by one word that means nothing."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from limbeck.core.errors import UsageError
from limbeck.functional.word_choice import choose_words, placed


class MaskedIds(nn.Module):
    """Puts the id of a blank in the place of `count` words a row, drawn anew at every training step.

    Use when a text tower reads the caption again without these words (`SecondReading`): then what the towers were
    taught about words is used for naming the hidden ones too. `WordMask` hides vectors instead of ids, for fusers that
    read plain embeddings.

    The first and the last real token ([CLS], [SEP]) are never hidden. In eval mode the same words are hidden every
    time, those with the largest ids.

    Args:
        blank: id of the word that means nothing, [MASK] where the tokenizer has one.
        count: words to hide a row; fewer where a row has fewer.

    Raises:
        UsageError: the blank is negative or the count is not positive.

    Source: BERT, Devlin et al. 2018, arXiv 1810.04805; with pictures ALBEF, Li et al. 2021, arXiv 2107.07651.

    Differs from the paper: a number of words instead of 15 % of them (captions here have two to eight words); always
    the blank, never another word.

    >>> import torch
    >>> MaskedIds(103).eval()(ids=torch.tensor([[1, 7, 8, 2]]))["ids"]
    tensor([[  1,   7, 103,   2]])
    """

    outputs = ("ids", "place", "word")

    def __init__(self, blank: int, *, count: int = 1) -> None:
        super().__init__()
        if blank < 0 or count < 1:
            raise UsageError(f"blank {blank} and count {count} are not valid; valid: an id from 0, and at least 1")
        self.blank = blank
        self.count = count

    def forward(self, *, ids: Int[Tensor, "n t"], mask: Bool[Tensor, "n t"] | None = None) -> dict[str, Tensor]:
        """Hide words.

        Args:
            ids: of the words.
            mask: tokens that are real; None means all.

        Returns:
            `ids` with blanks `(n, t)`; `place` `(n, count)`, position of each hidden word, -1 where there is none;
            `word` `(n, count)`, its id, -1 where there is none.
        """
        luck = torch.rand(ids.shape, device=ids.device) if self.training else ids.float() + 1
        place, word = choose_words(ids, mask, luck, self.count)
        return {"ids": ids.masked_fill(placed(place, ids.shape[1]), self.blank), "place": place, "word": word}

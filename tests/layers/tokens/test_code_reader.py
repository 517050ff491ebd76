from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.functional.sparsemax import softmax, sparsemax
from limbeck.layers.tokens.code_reader import CodeReader
from objectives.oracle import close


@pytest.mark.parametrize("weigh", [sparsemax, softmax])
def test_oracle(weigh):
    torch.manual_seed(0)
    reader = CodeReader(5, width=4, weigh=weigh, temperature=0.5)
    tokens, codes = torch.randn(3, 4, 5), torch.randn(6, 4)
    mask = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 1], [0, 1, 0, 0]]).bool()
    mapped = reader.into(reader.norm(tokens)).tolist()
    found = reader(tokens=tokens, codes=codes, mask=mask)
    for row in range(3):
        real = [vector for vector, kept in zip(mapped[row], mask[row], strict=True) if kept]
        relevance = [max(sum(a * b for a, b in zip(v, c, strict=True)) for v in real) for c in codes.tolist()]
        weights = weigh(torch.tensor(relevance) / 0.5)
        close(found["weights"][row], weights.tolist())
        close(found["pooled"][row], (weights @ codes).tolist())


def test_by_hand():
    reader = CodeReader(2, width=2)
    reader.norm = torch.nn.Identity()
    with torch.no_grad():
        reader.into.weight.copy_(torch.eye(2))
        reader.into.bias.zero_()
    # relevances 1, 0.5, -1: weights 0.75, 0.25, 0
    codes = torch.tensor([[1.0, 0.0], [0.0, 0.5], [-1.0, 0.0]])
    found = reader(tokens=torch.tensor([[[1.0, 0.0], [1.0, 1.0]]]), codes=codes)
    close(found["weights"][0], [0.75, 0.25, 0.0])
    close(found["pooled"][0], [0.75, 0.125])


def test_few_codes_are_used_by_sparsemax_and_all_by_softmax():
    torch.manual_seed(0)
    tokens, codes = torch.randn(4, 3, 16), torch.randn(100, 16)
    sparse = CodeReader(16, width=16)(tokens=tokens, codes=codes)["weights"]
    dense = CodeReader(16, width=16, weigh=softmax)(tokens=tokens, codes=codes)["weights"]
    assert ((sparse > 0).sum(-1) < 20).all()
    assert (dense > 0).all()


def test_a_row_without_tokens_is_written_evenly():
    found = CodeReader(4, width=4)(tokens=torch.randn(1, 2, 4), codes=torch.randn(5, 4), mask=torch.zeros(1, 2).bool())
    close(found["weights"][0], [0.2] * 5)


def test_the_temperature_is_positive():
    with pytest.raises(UsageError, match="temperature 0"):
        CodeReader(4, width=4, temperature=0.0)

from __future__ import annotations

import torch

from limbeck.fusers.co_attention import CoAttentionFuser
from limbeck.heads.all_pair_scorer import AllPairScorer
from limbeck.heads.match import MatchHead
from objectives.oracle import close


def test_every_pair_is_scored_as_it_would_be_alone():
    torch.manual_seed(0)
    scorer = AllPairScorer(CoAttentionFuser(8, query_width=6, key_width=5, heads=2, depth=1), head=MatchHead(8))
    query, key = torch.randn(4, 3, 6), torch.randn(4, 2, 5)
    query_mask = torch.tensor([[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]]).bool()
    key_mask = torch.tensor([[1, 1], [1, 0], [0, 1], [1, 1]]).bool()
    found = scorer(query=query, key=key, query_mask=query_mask, key_mask=key_mask)
    expected = []
    for i in range(4):
        for j in range(4):
            fused = scorer.fuser(query=query[[i]], key=key[[j]], query_mask=query_mask[[i]], key_mask=key_mask[[j]])
            expected.append(scorer.head(pooled=fused["pooled"]).item())
            if i == j:
                torch.testing.assert_close(found["attention"][i], fused["attention"][0])
                torch.testing.assert_close(found["attention_back"][i], fused["attention_back"][0])
    close(found["scores"].flatten(), expected, 1e-4)


def test_a_search_scores_what_the_batch_scores():
    torch.manual_seed(0)
    scorer = AllPairScorer(CoAttentionFuser(8, query_width=6, key_width=5, heads=2, depth=1), head=MatchHead(8))
    query, key = torch.randn(4, 3, 6), torch.randn(4, 2, 5)
    masks = {
        "query_mask": torch.tensor([[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]]).bool(),
        "key_mask": torch.tensor([[1, 1], [1, 0], [0, 1], [1, 1]]).bool(),
    }
    whole = scorer(query=query, key=key, **masks)["scores"]
    part = scorer.score(query[1:3], key=key, query_mask=masks["query_mask"][1:3], key_mask=masks["key_mask"])
    torch.testing.assert_close(part, whole[1:3], rtol=1e-4, atol=1e-5)


def test_one_row():
    torch.manual_seed(0)
    scorer = AllPairScorer(CoAttentionFuser(8, query_width=6, key_width=5), head=MatchHead(8))
    assert scorer(query=torch.randn(1, 3, 6), key=torch.randn(1, 2, 5))["scores"].shape == (1, 1)

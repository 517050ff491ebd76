from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.fusers.cross_attention import CrossAttentionFuser
from limbeck.heads.hard_pair_matcher import HardPairMatcher
from limbeck.heads.match import MatchHead
from objectives.oracle import close, cos

GROUP = torch.tensor([3, -1, 3, -1, -1])


def made():
    torch.manual_seed(0)
    matcher = HardPairMatcher(CrossAttentionFuser(8, query_width=6, key_width=5, heads=2), head=MatchHead(8))
    inputs = {
        "query": torch.randn(5, 4, 6),
        "key": torch.randn(5, 3, 5),
        "query_pooled": torch.randn(5, 7),
        "key_pooled": torch.randn(5, 7),
        "query_mask": torch.tensor([[1, 1, 1, 1]] * 4 + [[1, 1, 0, 0]]).bool(),
    }
    return matcher, inputs


def score(matcher, inputs, asks, answers):
    fused = matcher.fuser(
        query=inputs["query"][[asks]], key=inputs["key"][[answers]], query_mask=inputs["query_mask"][[asks]]
    )
    return matcher.head(pooled=fused["pooled"]).item()


def test_oracle():
    matcher, inputs = made()
    found = matcher(**inputs, group=GROUP)
    queries, keys = inputs["query_pooled"].tolist(), inputs["key_pooled"].tolist()
    expected = {"positive": [], "negative_query": [], "negative_key": []}
    for i in range(5):
        wrong = [j for j in range(5) if j != i and (GROUP[i] < 0 or GROUP[i] != GROUP[j])]
        key = max(wrong, key=lambda j, i=i: cos(queries[i], keys[j]))
        query = max(wrong, key=lambda j, i=i: cos(queries[j], keys[i]))
        expected["positive"].append(score(matcher, inputs, i, i))
        expected["negative_query"].append(score(matcher, inputs, query, i))
        expected["negative_key"].append(score(matcher, inputs, i, key))
    for name, values in expected.items():
        close(found[name], values, 1e-4)


def test_tokens_and_attention_are_those_of_the_true_pairs():
    matcher, inputs = made()
    found = matcher(**inputs)
    fused = matcher.fuser(query=inputs["query"], key=inputs["key"], query_mask=inputs["query_mask"])
    torch.testing.assert_close(found["tokens"], fused["tokens"])
    torch.testing.assert_close(found["attention"], fused["attention"])


def test_hidden_words_are_read_beside_and_not_matched():
    matcher, inputs = made()
    plain, hidden = matcher(**inputs), torch.randn(5, 4, 6)
    found = matcher(**inputs, hidden=hidden)
    alone = matcher(key=inputs["key"], hidden=hidden, query_mask=inputs["query_mask"])
    fused = matcher.fuser(query=hidden, key=inputs["key"], query_mask=inputs["query_mask"])
    for name in ("positive", "negative_query", "negative_key"):
        torch.testing.assert_close(found[name], plain[name])
    for name in ("tokens", "attention"):
        torch.testing.assert_close(found[name], fused[name])
        torch.testing.assert_close(alone[name], fused[name])
    assert set(alone) == {"tokens", "attention"}


def test_nothing_to_read_is_refused():
    matcher, inputs = made()
    with pytest.raises(UsageError, match="neither 'query' nor 'hidden'"):
        matcher(key=inputs["key"])


class Asked(torch.nn.Module):
    """Takes the column to the right, and keeps what it was asked."""

    def forward(self, alike, wrong):
        self.alike, self.wrong = alike, wrong
        return (torch.arange(len(alike)) + 1) % len(alike)


def test_partners_choose_by_scaled_likeness_among_the_wrong_ones():
    matcher, inputs = made()
    matcher.partners = Asked()
    scale = torch.tensor(3.0, requires_grad=True)
    found = matcher(**inputs, scale=scale, group=GROUP)
    queries, keys = inputs["query_pooled"].tolist(), inputs["key_pooled"].tolist()
    close(matcher.partners.alike.T.flatten(), [3 * cos(q, k) for q in queries for k in keys])
    assert not matcher.partners.alike.requires_grad
    assert matcher.partners.wrong.tolist() == [
        [i != j and (GROUP[i] < 0 or bool(GROUP[i] != GROUP[j])) for j in range(5)] for i in range(5)
    ]
    close(found["negative_key"], [score(matcher, inputs, i, (i + 1) % 5) for i in range(5)], 1e-4)
    close(found["negative_query"], [score(matcher, inputs, (i + 1) % 5, i) for i in range(5)], 1e-4)


def test_without_vectors_all_wrong_partners_are_alike():
    matcher, inputs = made()
    matcher.partners = Asked()
    matcher(query=inputs["query"], key=inputs["key"])
    assert not matcher.partners.alike.any()


def test_a_row_without_a_wrong_partner_has_no_wrong_pair():
    matcher, inputs = made()
    found = matcher(**inputs, group=torch.zeros(5, dtype=torch.long))
    assert found["negative_query"].tolist() == found["negative_key"].tolist() == [-1e4] * 5


def test_the_choice_of_negatives_gives_the_towers_no_gradient():
    matcher, inputs = made()
    inputs["query_pooled"].requires_grad_()
    sum(matcher(**inputs)[name].sum() for name in ("positive", "negative_query", "negative_key")).backward()
    assert inputs["query_pooled"].grad is None


def test_a_search_scores_pairs_as_they_would_be_alone():
    matcher, inputs = made()
    found = matcher.score(inputs["query"][1:3], key=inputs["key"], query_mask=inputs["query_mask"][1:3])
    close(found.flatten(), [score(matcher, inputs, i, j) for i in (1, 2) for j in range(5)], 1e-4)

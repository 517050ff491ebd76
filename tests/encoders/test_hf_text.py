from __future__ import annotations

import pytest
import torch
from transformers import AutoModel

from encoders.worlds import config, shake, words
from limbeck.core.errors import UsageError
from limbeck.core.spec import TextSpec
from limbeck.encoders.hf_text import HFTextEncoder
from limbeck.encoders.pooling import Pooling, max_pooling, mean_pooling

SPEC = TextSpec(words(), max_length=16)


def bert() -> torch.nn.Module:
    tower = AutoModel.from_config(config("bert")).eval()
    shake(tower)
    return tower


def batch() -> dict[str, torch.Tensor]:
    ids = torch.tensor([[2, 9, 8, 7, 3], [2, 9, 3, 0, 0]])
    return {"input_ids": ids, "attention_mask": (ids != 0).long()}


def test_outputs_are_the_models_own() -> None:
    tower = bert()
    encoder = HFTextEncoder(tower, spec=SPEC)
    maps = ("attention.0", "attention.1")
    assert encoder.outputs == ("pooled", "tokens", "hidden.0", "hidden.1", "hidden.2", *maps, "ids")
    assert encoder.vocabulary == 320
    with torch.no_grad():
        theirs = tower(**batch(), output_hidden_states=True)
        ours = encoder(batch(), want=[name for name in encoder.outputs if name not in maps])
        attended = encoder(batch(), want=maps)
    heads = torch.ones(len(batch()["input_ids"]), tower.config.num_attention_heads, batch()["input_ids"].shape[1])
    torch.testing.assert_close(attended["attention.1"].sum(-1), heads)
    assert torch.equal(ours["pooled"], theirs.pooler_output)
    assert torch.equal(ours["hidden.1"], theirs.hidden_states[1])
    assert torch.equal(ours["mask"], batch()["attention_mask"].bool())
    assert torch.equal(ours["ids"], batch()["input_ids"])


def test_padding_changes_nothing() -> None:
    encoder = HFTextEncoder(bert(), spec=SPEC, pooling=mean_pooling)
    longer = {name: torch.nn.functional.pad(value, (0, 6)) for name, value in batch().items()}
    assert torch.allclose(encoder(batch())["pooled"], encoder(longer)["pooled"], atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("pooling", [mean_pooling, max_pooling])
def test_a_row_without_text_is_finite_and_so_is_its_gradient(training: bool, pooling: Pooling) -> None:
    encoder = HFTextEncoder(bert(), spec=SPEC, pooling=pooling).train(training)
    view = {name: torch.cat([value, torch.zeros(1, 5, dtype=value.dtype)]) for name, value in batch().items()}
    found = encoder(view)["pooled"]
    assert torch.isfinite(found.square()).all()
    found[:2].sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters() if p.grad is not None)
    assert torch.allclose(found[:2], encoder(batch())["pooled"], atol=1e-6)


def test_a_tokenizer_that_knows_more_than_the_tower() -> None:
    small = config("bert")
    small.vocab_size = 20
    with pytest.raises(UsageError, match=r"knows id \d+ but the text tower has 20 embeddings"):
        HFTextEncoder(AutoModel.from_config(small), spec=SPEC)


def test_a_tower_that_reads_its_padding() -> None:
    tower = bert()
    encoder = HFTextEncoder(tower, spec=SPEC, reads_mask=False)
    with torch.no_grad():
        assert torch.equal(encoder(batch())["pooled"], tower(input_ids=batch()["input_ids"]).pooler_output)


def test_a_large_batch_is_trained_by_length_and_nothing_changes() -> None:
    """From 128 rows on, rows of like length run together: same vectors, same order, same gradient."""
    tower = AutoModel.from_config(config("bert"))
    shake(tower)
    encoder = HFTextEncoder(tower, spec=TextSpec(words(), max_length=16), pooling=mean_pooling)
    lengths = torch.randint(1, 13, (130,))
    mask = (torch.arange(16) < lengths[:, None]).long()
    view = {"input_ids": torch.randint(4, 300, (130, 16)) * mask, "attention_mask": mask}
    seen: list[tuple[int, int]] = []
    tower.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    found = {}
    for want in (("pooled",), ("pooled", "tokens")):  # who asks for tokens gets the whole batch at once
        encoder.train().zero_grad()
        pooled = encoder(view, want=want)["pooled"]
        (pooled * torch.linspace(0, 1, pooled.numel()).view_as(pooled)).sum().backward()
        found[want] = (pooled.detach(), tower.get_input_embeddings().weight.grad.clone())
    torch.testing.assert_close(found[("pooled",)], found[("pooled", "tokens")], atol=1e-5, rtol=1e-4)
    assert [rows for rows, _ in seen] == [33, 33, 33, 31, 130]
    assert seen[0][1] < seen[3][1] <= 12

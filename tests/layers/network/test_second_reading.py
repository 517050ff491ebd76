from __future__ import annotations

from typing import Any

import pytest
import torch

from encoders.worlds import folder
from limbeck.core.errors import UsageError
from limbeck.core.part import Moving, Part, make_parts
from limbeck.core.term import Ref, Term
from limbeck.core.wiring import check_wiring
from limbeck.encoders.hf import open_teacher
from limbeck.layers.network.second_reading import SecondReading
from limbeck.layers.tokens.mean_tokens import MeanTokens
from limbeck.objectives.feature.cosine import CosineLoss
from limbeck.stages.stage import Stage
from stages import worlds

IDS = torch.tensor([[5, 9, 7, 3], [5, 8, 3, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]]).bool()


@pytest.mark.parametrize("kind", ["bert", "clip"])
def test_it_reads_as_the_encoder_reads_and_trains_it(kind, tmp_path):
    encoder = open_teacher(str(folder(kind, tmp_path))).encoders["text"].requires_grad_(True)
    reading = SecondReading()
    reading.bind({"student.text": encoder})
    found = reading(ids=IDS, mask=MASK)["tokens"]
    expected = encoder({"input_ids": IDS, "attention_mask": MASK.long()}, want=("tokens",))["tokens"]
    torch.testing.assert_close(found, expected)
    found.square().sum().backward()
    assert any(bool(p.grad.any()) for p in encoder.parameters() if p.grad is not None)
    assert not list(reading.parameters())


def test_what_cannot_read_is_named():
    with pytest.raises(UsageError, match=r"text encoder 'student.txt'; valid: student.text"):
        SecondReading("student.txt").bind({f"student.{m}": worlds.Small(m) for m in ("image", "text")})
    with pytest.raises(UsageError, match=r"text encoder 'student.image'; valid: none"):
        SecondReading("student.image").bind({"student.image": worlds.Small("image")})


class Reader(worlds.Small):
    """A text encoder over ids."""

    def forward(self, view: Any, *, want: Any = ("pooled",)) -> Any:
        if "input_ids" in view:
            view = {"features": view["input_ids"].float()}
        return super().forward(view, want=want)


def made(*averages: str):
    parts = {
        "reading": Part(SecondReading(), {"ids": Ref("target", "ids"), "mask": Ref("student.text", "mask")}),
        "mean": Part(MeanTokens(), {"tokens": Ref("reading", "tokens")}),
        "slow.text": Moving("student.text", decay=0.5),
        "slow.reading": Moving("reading", decay=0.5),
        "slow.mean": Part(MeanTokens(), {"tokens": Ref("slow.reading", "tokens")}),
    }
    torch.manual_seed(0)
    producers: dict[str, Any] = {**worlds.producers(), "student.text": Reader("text")}
    producers |= make_parts(parts, seed=0, encoders={"student.text": producers["student.text"]})
    terms = {name: Term(CosineLoss(), {"student": Ref("mean"), "teacher": Ref(name)}) for name in averages}
    return worlds.spec(terms=terms, trains=("student.text",)), producers


def batch():
    found = worlds.Steps().batch(0)
    ids = torch.arange(len(found) * 6).reshape(-1, 6) % 7
    return type(found)(found.views, found.present, found.index, found.draw, {**found.target, "ids": ids})


def test_an_average_of_it_reads_with_the_average_of_the_encoder():
    spec, producers = made("slow.mean", "slow.text")
    check_wiring(spec, producers, dry=batch())
    stage = Stage(spec, producers=producers).train()
    text = producers["student.text"]
    before = text.last.weight.detach().clone()
    with torch.no_grad():
        text.last.weight.add_(1.0)
    stage.advance()
    average = stage.producers["slow.reading"].layer._reader[0]
    assert average is stage.producers["slow.text"].encoder
    torch.testing.assert_close(average.last.weight, before + 0.5)
    stage(batch()).loss.backward()
    assert average.last.weight.grad is None
    assert bool(text.last.weight.grad.any())


def test_an_average_that_has_nobody_to_borrow_from_is_refused():
    spec, producers = made("slow.mean")
    with pytest.raises(UsageError, match="SecondReading wants the text encoder 'student.text'; valid: none"):
        Stage(spec, producers=producers)

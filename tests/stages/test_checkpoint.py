from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from limbeck.core.errors import ArtefactError
from limbeck.stages import checkpoint
from limbeck.stages.optimizer import make_optimizer
from limbeck.stages.stage import Stage
from stages import worlds


def trained(steps: int = 2, **given: Any) -> tuple[Stage, torch.optim.AdamW]:
    spec = worlds.spec(**given)
    stage = Stage(spec, producers=worlds.producers())
    optimizer = make_optimizer(stage, spec.optimisation)
    for step in range(steps):
        optimizer.zero_grad()
        stage(worlds.Steps().batch(step)).loss.backward()
        optimizer.step()
    return stage, optimizer


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_round_trip_is_bit_equal(tmp_path: Path) -> None:
    stage, optimizer = trained()
    best = {"a": torch.ones(2)}
    path = checkpoint.save(tmp_path, 2, stage, optimizer, {"e": torch.zeros(1)}, {"x": 1}, best=best, identity={"d": 1})
    found = checkpoint.newest_valid(tmp_path)
    assert found is not None
    assert (found.path, found.step, found.state, found.identity) == (path, 2, {"x": 1}, {"d": 1})
    assert found.threads == torch.get_num_threads()
    assert torch.equal(found.tensors("best")["a"], best["a"])
    assert found.tensors("ema").keys() == {"e"}
    other, other_optimizer = trained(steps=0)
    checkpoint.restore(found, other, other_optimizer)
    assert worlds.same(stage.state_dict(), other.state_dict())
    for first, second in zip(stage.parameters(), other.parameters(), strict=True):
        mine, theirs = optimizer.state[first], other_optimizer.state[second]
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[key], theirs[key]) for key in mine)
    assert optimizer.state[stage.get_parameter("trained.student/text.last.weight")].keys() > {"step", "exp_avg"}
    for one, opt in ((stage, optimizer), (other, other_optimizer)):
        opt.zero_grad()
        one(worlds.Steps().batch(7)).loss.backward()
        opt.step()
    assert worlds.same(stage.state_dict(), other.state_dict())


def test_holds_nothing_but_safetensors_and_json(tmp_path: Path) -> None:
    path = checkpoint.save(tmp_path, 1, *trained())
    assert names(path) == ["manifest.json", "optimizer.safetensors", "state.json", "weights.safetensors"]
    assert not any("teacher" in name for name in checkpoint.read(path).tensors("weights"))


def test_keeps_the_newest_two_and_never_deletes_the_last(tmp_path: Path) -> None:
    stage, optimizer = trained()
    for step in (10, 20, 30):
        checkpoint.save(tmp_path, step, stage, optimizer)
    assert names(tmp_path) == ["step-00000020", "step-00000030"]
    checkpoint.save(tmp_path, 40, stage, optimizer, keep=0)
    assert names(tmp_path) == ["step-00000040"]


def test_a_damaged_newer_one_is_passed_over_and_replaced_in_time(tmp_path: Path) -> None:
    stage, optimizer = trained()
    for step in (10, 20):
        checkpoint.save(tmp_path, step, stage, optimizer)
    weights = tmp_path / "step-00000020" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert checkpoint.newest_valid(tmp_path).step == 10
    assert checkpoint.damaged(tmp_path, newer_than=10) == [weights.parent]
    checkpoint.save(tmp_path, 15, stage, optimizer)
    assert checkpoint.newest_valid(tmp_path).step == 15
    checkpoint.save(tmp_path, 20, stage, optimizer)
    assert checkpoint.newest_valid(tmp_path).step == 20
    assert checkpoint.damaged(tmp_path) == []


def test_nothing_there(tmp_path: Path) -> None:
    assert checkpoint.newest_valid(tmp_path / "none") is None
    (tmp_path / "step-00000001").mkdir()
    (tmp_path / "notes").mkdir()
    assert checkpoint.newest_valid(tmp_path) is None


def test_another_model_is_refused_by_name(tmp_path: Path) -> None:
    found = checkpoint.read(checkpoint.save(tmp_path, 1, *trained()))
    wider = worlds.producers() | {"student.text": worlds.Small("text", inputs=7)}
    with pytest.raises(ArtefactError, match=r"student/text.first.weight is \(12, 6\), not \(12, 7\)"):
        checkpoint.restore(found, Stage(worlds.spec(), producers=wider))
    fewer = Stage(worlds.spec(trains=("student.text", "student.scale")), producers=worlds.producers())
    with pytest.raises(ArtefactError, match="it holds trained.student/image"):
        checkpoint.restore(found, fewer)


def test_tied_weights_are_stored_once_and_tied_again(tmp_path: Path) -> None:
    def tied() -> nn.Sequential:
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
        model[1].weight = model[0].weight
        return model

    first, second = tied(), tied()
    assert list(checkpoint.unique_state(first)) == ["0.weight", "0.bias", "1.bias"]
    optimizer = torch.optim.AdamW(first.parameters())
    checkpoint.restore(checkpoint.read(checkpoint.save(tmp_path, 1, first, optimizer)), second)
    assert torch.equal(second[1].weight, first[0].weight)
    assert second[1].weight is second[0].weight


def test_channels_last_survives(tmp_path: Path) -> None:
    model = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(1, 3, 5, 5)).sum().backward()
    optimizer.step()
    found = checkpoint.read(checkpoint.save(tmp_path, 1, model, optimizer))
    other = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    again = torch.optim.AdamW(other.parameters())
    checkpoint.restore(found, other, again)
    assert torch.equal(other.weight, model.weight)
    assert other.weight.is_contiguous(memory_format=torch.channels_last)
    moment = again.state[other.weight]["exp_avg"]
    assert torch.equal(moment, optimizer.state[model.weight]["exp_avg"])
    assert moment.stride() == optimizer.state[model.weight]["exp_avg"].stride()


def test_differences_name_paths_and_values() -> None:
    old = {"a": {"b": 1, "c": [1, 2]}, "d": {}, "t": "x" * 100}
    assert checkpoint.differences(old, {"a": {"b": 1, "c": [1, 3]}, "d": {}, "t": "x" * 100}) == ["a.c[1]: 2 -> 3"]
    assert checkpoint.differences(old, {**old, "n": None}) == ["n: absent -> None"]
    assert checkpoint.differences(old, {**old, "d": {"e": 1}}) == ["d: {} -> absent", "d.e: absent -> 1"]
    assert len(checkpoint.differences(old, {**old, "t": "y"})[0]) < 80

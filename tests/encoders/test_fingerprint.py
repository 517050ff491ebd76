from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from encoders.worlds import folder
from limbeck.encoders.fingerprint import fingerprint
from limbeck.encoders.hf import open_teacher
from limbeck.encoders.pooling import cls_pooling


def test_it_is_stable_and_every_change_shows(tmp_path: Path) -> None:
    path = str(folder("bert", tmp_path))
    encoder = open_teacher(path).encoders["text"]
    first = fingerprint(encoder)
    assert fingerprint(open_teacher(path).encoders["text"]) == first
    seen = {first}

    def changed() -> None:
        now = fingerprint(encoder)
        assert now not in seen
        seen.add(now)

    weight = encoder.tower.embeddings.word_embeddings.weight
    with torch.no_grad():
        weight[0, 0] = torch.nextafter(weight[0, 0], torch.tensor(9.0))  # one bit of one weight
    changed()
    encoder.spec = replace(encoder.spec, max_length=7)
    changed()
    encoder.pooling = cls_pooling
    changed()
    encoder.reads_mask = False
    changed()
    tower = encoder.tower.encoder.layer[0].attention.self
    tower.query, tower.key = tower.key, tower.query  # same bytes under other names
    changed()


def test_the_memory_format_is_not_part_of_it(tmp_path: Path) -> None:
    encoder = open_teacher(str(folder("convnext", tmp_path))).encoders["image"]
    first = fingerprint(encoder)
    encoder.to(memory_format=torch.channels_last)
    encoder.spec = replace(encoder.spec, channels_last=True)
    assert fingerprint(encoder) == first

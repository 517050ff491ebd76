from __future__ import annotations

import math

import torch

from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.objectives.contrastive.queue_contrast import QueueContrastLoss
from objectives.oracle import close, cos, rows, softmax

N, GROUP = 4, torch.tensor([3, -1, 3, -1])
GIVEN = {
    "query": rows(N, 5, 0),
    "key": rows(N, 5, 1),
    "scale": torch.tensor(2.5),
    "teacher_query": rows(N, 5, 2),
    "teacher_key": rows(N, 5, 3),
}
QUEUE = {
    "teacher_past_query": rows(3, 5, 4),
    "teacher_past_key": rows(3, 5, 5),
    "target_past": torch.tensor([True, True, False]),
    "target_past_group": torch.tensor([3, -1, 8]),
}


def naive(query, slow, past):
    """-log p of the own column, row by row."""
    losses = []
    for i in range(N):
        columns = [j for j in range(N) if j == i or GROUP[i] < 0 or GROUP[i] != GROUP[j]]
        behind = [j for j in (0, 1) if GROUP[i] < 0 or GROUP[i] != QUEUE["target_past_group"][j]]
        logits = [2.5 * cos(query[i], slow[j]) for j in columns] + [2.5 * cos(query[i], past[j]) for j in behind]
        losses.append(-math.log(softmax(logits)[columns.index(i)]))
    return losses


def test_oracle():
    found = QueueContrastLoss()(**GIVEN, **QUEUE, target_group=GROUP)
    lists = {name: value.tolist() for name, value in {**GIVEN, **QUEUE}.items()}
    forth = naive(lists["query"], lists["teacher_key"], lists["teacher_past_key"])
    back = naive(lists["key"], lists["teacher_query"], lists["teacher_past_query"])
    close(found, [(a + b) / 2 for a, b in zip(forth, back, strict=True)])


def test_a_batch_against_itself_is_info_nce():
    same = GIVEN | {"teacher_query": GIVEN["query"], "teacher_key": GIVEN["key"]}
    torch.testing.assert_close(
        QueueContrastLoss()(**same), InfoNCELoss()(**{k: GIVEN[k] for k in ("query", "key", "scale")})
    )


def test_more_wrong_answers_cost_more_and_empty_places_nothing():
    alone, behind = QueueContrastLoss()(**GIVEN), QueueContrastLoss()(**GIVEN, **QUEUE)
    assert bool((behind > alone).all())
    empty = QUEUE | {"target_past": torch.zeros(3, dtype=torch.bool)}
    torch.testing.assert_close(QueueContrastLoss()(**GIVEN, **empty), alone)

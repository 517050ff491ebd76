from __future__ import annotations

import math

import torch

from limbeck.objectives.affinity.queue_mimicking import QueueMimickingLoss
from objectives.contrastive.test_queue_contrast import GIVEN, GROUP, QUEUE, N
from objectives.oracle import close, cos, softmax


def naive(query, own_slow, slow, past):
    """KL from the averages' distribution, row by row."""
    losses = []
    for i in range(N):
        every = [slow[j] for j in range(N) if j == i or GROUP[i] < 0 or GROUP[i] != GROUP[j]]
        every += [past[j] for j in (0, 1) if GROUP[i] < 0 or GROUP[i] != QUEUE["target_past_group"][j]]
        wanted = softmax([2.5 * cos(own_slow[i], one) for one in every])
        said = softmax([2.5 * cos(query[i], one) for one in every])
        losses.append(sum(p * math.log(p / q) for p, q in zip(wanted, said, strict=True)))
    return losses


def test_oracle():
    found = QueueMimickingLoss()(**GIVEN, **QUEUE, target_group=GROUP)
    x = {name: value.tolist() for name, value in {**GIVEN, **QUEUE}.items()}
    forth = naive(x["query"], x["teacher_query"], x["teacher_key"], x["teacher_past_key"])
    back = naive(x["key"], x["teacher_key"], x["teacher_query"], x["teacher_past_query"])
    close(found, [(a + b) / 2 for a, b in zip(forth, back, strict=True)])


def test_towers_that_are_their_own_averages_have_no_loss_and_no_gradient_at_the_scale():
    scale = torch.tensor(2.5, requires_grad=True)
    same = GIVEN | {"teacher_query": GIVEN["query"], "teacher_key": GIVEN["key"], "scale": scale}
    loss = QueueMimickingLoss()(**same, **QUEUE)
    close(loss, [0.0] * N, 1e-6)
    loss.sum().backward()
    assert abs(scale.grad.item()) < 1e-6

from __future__ import annotations

import math

import torch

from limbeck.layers.attention.cross_attention_projector import CrossAttentionProjector


def made():
    torch.manual_seed(0)
    return CrossAttentionProjector(6, tokens=5, queries=3, width=7, inner=8, heads=2)


def test_oracle():
    projector, student = made(), torch.randn(2, 5, 6)
    state = {name: value.detach() for name, value in projector.named_parameters()}
    w, b = state["attention.in_proj_weight"].chunk(3), state["attention.in_proj_bias"].chunk(3)
    for row in range(2):
        seen = projector.key_norm(projector.into(student[row]) + projector.position)
        asked = projector.query_norm(projector.query)
        q, k, v = asked @ w[0].T + b[0], seen @ w[1].T + b[1], seen @ w[2].T + b[2]
        heads = []
        for head in range(2):
            cut = slice(4 * head, 4 * head + 4)
            answers = []
            for i in range(3):
                scores = [float((q[i, cut] @ k[j, cut]).detach()) / math.sqrt(4) for j in range(5)]
                powers = [math.exp(score - max(scores)) for score in scores]
                answers.append(sum(p / sum(powers) * v[j, cut] for j, p in enumerate(powers)))
            heads.append(torch.stack(answers))
        mixed = torch.cat(heads, dim=1) @ state["attention.out_proj.weight"].T + state["attention.out_proj.bias"]
        z = projector.query + mixed
        expected = projector.out(z + projector.mix(projector.norm(z)))
        torch.testing.assert_close(projector(student=student)["tokens"][row], expected, atol=1e-5, rtol=1e-4)


def test_every_teacher_token_may_look_at_every_student_token():
    projector, student = made(), torch.randn(1, 5, 6, requires_grad=True)
    for query in range(3):
        gradient = torch.autograd.grad(projector(student=student)["tokens"][0, query].sum(), student)[0]
        assert bool((gradient.abs().sum(-1) > 0).all())


def test_places_matter_and_rows_do_not_mix():
    projector, student = made(), torch.randn(2, 5, 6)
    whole = projector(student=student)["tokens"]
    assert whole.shape == (2, 3, 7)
    torch.testing.assert_close(projector(student=student[1:])["tokens"][0], whole[1])
    assert (projector(student=student.flip(1))["tokens"] - whole).abs().max() > 1e-4

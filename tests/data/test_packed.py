from __future__ import annotations

import torch

from limbeck.data.packed import Packed, pack

MADE = {
    (3, 0, "a"): {"pixels": torch.randint(0, 256, (3, 4, 5), dtype=torch.uint8)},
    (3, 1, "b"): {"ids": torch.arange(7, dtype=torch.int32), "weight": torch.tensor(0.1, dtype=torch.bfloat16)},
    (1, 0, "a"): {"pixels": torch.randint(0, 256, (5, 4, 3), dtype=torch.uint8).permute(2, 1, 0)},
    (2, 0, "c"): {"ids": torch.zeros(0, dtype=torch.int32), "vector": torch.randn(6)},
}


def test_what_is_packed_comes_back_bit_for_bit():
    packed = pack(MADE)
    assert {dtype: flat.ndim for dtype, flat in packed.flat.items()} == dict.fromkeys(
        (torch.uint8, torch.int32, torch.bfloat16, torch.float32), 1
    )
    found = packed.unpack()
    assert list(found) == list(MADE)
    for place, tensors in MADE.items():
        assert list(found[place]) == list(tensors)
        for name, tensor in tensors.items():
            assert found[place][name].dtype == tensor.dtype
            assert torch.equal(found[place][name], tensor)


def test_unpacked_is_a_copy_of_its_own():
    packed = pack(MADE)
    found = packed.unpack()
    packed.flat[torch.uint8].zero_()
    assert torch.equal(found[3, 0, "a"]["pixels"], MADE[3, 0, "a"]["pixels"])


def test_nothing():
    assert pack({}).unpack() == {}
    assert Packed({}, {}).unpack() == {}

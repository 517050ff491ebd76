"""Pictures that are the same, or nearly: planted across splits they make a result look better than it is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, normalize

from limbeck.data.thumbnails import Thumbnails

THRESHOLD = 0.12
_CANDIDATES = 4
_ALIKE = 0.8
_COARSE_STEPS = 5
_FINE_STEPS = 6
_HOPE = 0.5
_LEEWAY = 0.16


@dataclass(frozen=True)
class Duplicate:
    """Two rows with one picture.

    Args:
        first: row of the source.
        second: row of the source.
        exact: the decoded pixels are the same.
        distance: 0 for the same picture; see `find_duplicates`.
    """

    first: int
    second: int
    exact: bool
    distance: float


def find_duplicates(first: Thumbnails, second: Thumbnails, *, threshold: float = THRESHOLD) -> list[Duplicate]:
    """Pairs of one picture of `first` and one of `second` that are equal or near-equal, nearest first.

        distance = max over 8 x 8 windows of mean |a - warp(b)| / max(std a, std b)

    Candidates come from the correlation of blurred thumbnails; each is aligned by shift and scale a side (at most
    16 %, least squares), because a small crop moves every edge; then the window that differs most decides. A mean over
    the whole picture would call `battery half` and `battery full` the same.

    Use when rows are divided into splits, or before a data set is trusted.

    Args:
        first: thumbnails of one split.
        second: of another; a row is never paired with itself.
        threshold: largest distance of a near-duplicate; 0 finds exact ones only.

    Returns:
        Each pair once, exact ones first.
    """
    found: dict[tuple[int, int], Duplicate] = {}
    by_pixels: dict[str, list[int]] = {}
    for place, digest in enumerate(second.pixels):
        by_pixels.setdefault(digest, []).append(place)
    for place, digest in enumerate(first.pixels):
        for other in by_pixels.get(digest, []):
            _keep(found, Duplicate(first.index[place], second.index[other], True, 0.0))
    if threshold > 0 and len(first) and len(second):
        pairs = _candidates(first, second)
        distances = torch.cat([_distance(first, second, part) for part in pairs.split(2048)])
        for (place, other), distance in zip(pairs.tolist(), distances.tolist(), strict=True):
            if distance <= threshold:
                _keep(found, Duplicate(first.index[place], second.index[other], False, distance))
    return sorted(found.values(), key=lambda pair: (not pair.exact, pair.distance, pair.first, pair.second))


def _keep(found: dict[tuple[int, int], Duplicate], pair: Duplicate) -> None:
    key = (min(pair.first, pair.second), max(pair.first, pair.second))
    if key[0] != key[1]:
        found.setdefault(key, pair)


def _candidates(first: Thumbnails, second: Thumbnails) -> Tensor:
    """(pairs, 2): for each of `first` the places in `second` that look most alike, whole or inside the border."""
    mine, theirs = torch.tensor(first.index), torch.tensor(second.index)
    count = min(_CANDIDATES + 1, len(second))
    pairs = []
    for chosen in (lambda item: item.whole, lambda item: item.inner):
        rows, columns = _blurred(chosen(first)), _blurred(chosen(second))
        for start in range(0, len(first), 1024):
            alike = rows[start : start + 1024] @ columns.T
            alike[mine[start : start + 1024, None] == theirs[None]] = -2.0
            best = alike.topk(count, dim=1)
            place = torch.arange(start, start + len(alike))[:, None].expand(-1, count)
            pairs.append(torch.stack([place, best.indices], dim=-1)[best.values > _ALIKE])
    return torch.cat(pairs).unique(dim=0)


def _blurred(pictures: Tensor) -> Tensor:
    """Unit vectors of blurred grey thumbnails: close together after a small crop."""
    grey = avg_pool2d(pictures.float().mean(dim=1, keepdim=True), 5, stride=2, padding=2, count_include_pad=False)
    flat = grey.flatten(1)
    return normalize(flat - flat.mean(dim=1, keepdim=True), dim=1)


def _distance(first: Thumbnails, second: Thumbnails, pairs: Tensor) -> Tensor:
    """The smaller of the distances of the whole pictures and of what lies inside their borders."""
    if not len(pairs):
        return torch.zeros(0)
    whole = _aligned(first.whole[pairs[:, 0]], second.whole[pairs[:, 1]])
    inner = _aligned(first.inner[pairs[:, 0]], second.inner[pairs[:, 1]])
    return torch.minimum(whole, inner)


def _aligned(a: Tensor, b: Tensor) -> Tensor:
    """Distance after alignment. A coarse pass at half size drops the pairs that cannot become near."""
    a, b = a.float() / 255, b.float() / 255
    target, moving = a.mean(dim=1, keepdim=True), b.mean(dim=1, keepdim=True)
    coarse_target, coarse_moving = avg_pool2d(target, 2), avg_pool2d(moving, 2)
    warp = torch.zeros(len(a), 4)  # log scale and shift, across and down
    for _ in range(_COARSE_STEPS):
        warp = (warp + _step(coarse_target, coarse_moving, warp)).clamp(-_LEEWAY, _LEEWAY)
    start = _residual(a, b)
    near = _residual(coarse_target, _warped(coarse_moving, warp)).minimum(start) < _HOPE
    distance = start
    if bool(near.any()):
        warp = warp[near]
        target, moving = target[near], moving[near]
        for _ in range(_FINE_STEPS):
            warp = (warp + _step(target, moving, warp)).clamp(-_LEEWAY, _LEEWAY)
        distance = start.clone()
        distance[near] = torch.minimum(start[near], _residual(a[near], _warped(b[near], warp)))
    return distance


def _warped(pictures: Tensor, warp: Tensor) -> Tensor:
    zero = torch.zeros(len(warp))
    matrix = torch.stack(
        [
            torch.stack([warp[:, 0].exp(), zero, warp[:, 1]], dim=1),
            torch.stack([zero, warp[:, 2].exp(), warp[:, 3]], dim=1),
        ],
        dim=1,
    )
    grid = affine_grid(matrix, list(pictures.shape), align_corners=False)
    return grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def _step(target: Tensor, moving: Tensor, warp: Tensor) -> Tensor:
    """One Gauss-Newton step of scale and shift (Lucas and Kanade 1981), damped so that flat pictures do not run off."""
    now = _warped(moving, warp)
    across = torch.zeros_like(now)
    down = torch.zeros_like(now)
    side = now.shape[-1]  # one pixel is 2 / side in the coordinates of affine_grid
    across[..., 1:-1] = (now[..., 2:] - now[..., :-2]) * (side / 4)
    down[..., 1:-1, :] = (now[..., 2:, :] - now[..., :-2, :]) * (side / 4)
    place = (torch.arange(side) + 0.5) * 2 / side - 1
    columns = [across * place, across, down * place[:, None], down]
    jacobian = torch.stack([column.flatten(1) for column in columns], dim=2)
    error = (target - now).flatten(1)[:, :, None]
    normal = jacobian.transpose(1, 2) @ jacobian
    size = normal.diagonal(dim1=1, dim2=2).mean(dim=1)[:, None, None]
    normal = normal + (0.01 * size + 1e-6) * torch.eye(4)
    return torch.linalg.solve(normal, jacobian.transpose(1, 2) @ error)[:, :, 0]


def _residual(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference of the worst window, relative to the contrast of the pictures.

    Colours are averaged over 4 x 4 pixels first: JPEG stores them coarsely, and that is no difference.
    """
    side = a.shape[-1]
    difference = a - b
    grey = difference.mean(dim=1, keepdim=True)
    worst = avg_pool2d(grey.abs(), side // 4, stride=side // 8).flatten(1).amax(dim=1)
    if a.shape[1] > 1:
        colour = avg_pool2d(difference - grey, side // 8).abs().amax(dim=1, keepdim=True)
        worst = torch.maximum(worst, avg_pool2d(colour, 2, stride=1).flatten(1).amax(dim=1))
    contrast = torch.maximum(a.flatten(1).std(dim=1), b.flatten(1).std(dim=1)).clamp_min(0.05)
    return worst / contrast

"""Do `limbeck compare`'s statistics keep their word? Simulated comparisons: `python -m benchmarks.statistics`.

Arms, seeds and items are drawn from a world whose truth is known. In it, as in real runs, all arms share the items and
their difficulty, each arm has items of its own that it likes, each run has a lucky or an unlucky seed (in part shared
by all arms of that seed), and the rest is noise:

    z[arm, s, i] = m + item_i + liking_(arm, i) + luck_s + luck_(arm, s) + rest        (all normal)
    hit   = [z > 0]                       (R@1)
    rank  = ceil(exp(-1.5 min(z, 0)))     (MRR: 1 / rank)

The spreads are such that the variances of differences are about those of `limbeck demo --seeds 3` (of the mean over
items, R@1: likings 1.2e-4, rest 3.5e-4, luck 2.5e-4 a seed); the result says which share of the variance seeds bring.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import combinations
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.evaluation.best_set import best_set
from limbeck.evaluation.few_seeds import cautious
from limbeck.evaluation.holm import holm
from limbeck.evaluation.intervals import Difference, seeded_difference
from limbeck.evaluation.power import smallest_effect

Floats = NDArray[np.float64]
HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "lab" / "statistics.md"
ITEM, LIKING, REST, MIDDLE, TYPICAL = 1.0, 0.5, 0.5, -1.4, 0.07
LEVEL = 0.05


@dataclass(frozen=True)
class World:
    """One kind of comparison.

    Args:
        metric: `R@1` or `MRR`.
        arms: with the baseline.
        seeds: of each.
        luck: standard deviation of the seeds' luck, shared and own.
        items: test items.
        shift: added to z of every arm but the baseline; 0 is a world without a difference.
    """

    metric: str = "R@1"
    arms: int = 4
    seeds: int = 5
    luck: float = TYPICAL
    items: int = 250
    shift: float = 0.0

    def draw(self, generator: np.random.Generator) -> Floats:
        """Per-item values of every arm and seed."""
        normal = generator.normal
        z = MIDDLE + normal(0, ITEM, (1, 1, self.items)) + normal(0, LIKING, (self.arms, 1, self.items))
        z = z + normal(0, self.luck, (1, self.seeds, 1)) + normal(0, self.luck, (self.arms, self.seeds, 1))
        z = z + normal(0, REST, (self.arms, self.seeds, self.items))
        z[1:] += self.shift
        return _values(z, self.metric)

    def truth(self) -> float:
        """Difference of any other arm to the baseline, over all items and seeds."""
        spread = np.sqrt(ITEM**2 + LIKING**2 + REST**2 + 2 * self.luck**2)
        if self.shift == 0:
            return 0.0
        if self.metric == "R@1":
            high, low = (NormalDist().cdf((MIDDLE + shift) / spread) for shift in (self.shift, 0.0))
            return high - low
        z = np.array([NormalDist().inv_cdf((place + 0.5) / 200_000) for place in range(200_000)]) * spread + MIDDLE
        return float((_values(z + self.shift, "MRR") - _values(z, "MRR")).mean())


@dataclass(frozen=True)
class Found:
    """What a number of simulated comparisons showed.

    Args:
        coverage: share of the 95 % intervals of a difference that hold the truth.
        alarms: share of comparisons in which Holm's correction calls any arm different.
        lost: share of comparisons whose set of the best lacks an arm that is truly best (the last one).
        share: mean share of a difference's variance that the seeds bring.
    """

    coverage: float
    alarms: float
    lost: float
    share: float


def simulate(world: World, runs: int, *, seed: int = 0, resamples: int = 1000) -> Found:
    """Many comparisons of one world, by the functions that `limbeck compare` uses."""
    generator = np.random.default_rng([seed, world.seeds, world.arms, len(world.metric)])
    truth, covered, alarms, lost, shares = world.truth(), 0, 0, 0, []
    for _ in range(runs):
        table = world.draw(generator)
        arms = [list(arm) for arm in table]
        gains = {
            (str(one), str(two)): seeded_difference(arms[one], arms[two], resamples=resamples)
            for two, one in combinations(range(world.arms), 2)
            if two == 0 or one == world.arms - 1  # all rivals of the baseline and of the last arm
        }
        tested = {(one, two): cautious(arms[int(one)], arms[int(two)], gain) for (one, two), gain in gains.items()}
        against = {one: gain for (one, two), gain in gains.items() if two == "0"}
        covered += sum(gain.low <= truth <= gain.high for gain in against.values())
        alarms += min(holm({arm: tested[arm, "0"].p for arm in against}).values()) <= LEVEL
        lost += str(world.arms - 1) not in best_set(tested).arms
        shares.append(_share(table[1] - table[0]))
    others = world.arms - 1
    return Found(covered / (runs * others), alarms / runs, lost / runs, float(np.mean(shares)))


def detected(world: World, runs: int, *, seed: int = 0, resamples: int = 1000) -> tuple[float, float, float]:
    """The mean smallest visible effect, and how often a true difference of that size is seen.

    Once with the spread as it was, every value being raised by the effect, and once in a world whose arm is that much
    better: more hits there are also more spread. Tested at the level of Holm's first step, as `smallest_effect` is.
    """
    level = LEVEL / (world.arms - 1)
    generator = np.random.default_rng([seed, 1])
    pairs = [World(world.metric, 2, world.seeds, world.luck, world.items).draw(generator) for _ in range(runs)]
    effect = float(np.mean([smallest_effect(list(b), list(a), level=level, resamples=resamples) for a, b in pairs]))
    raised = [_p(list(b + effect), list(a), resamples) <= level for a, b in pairs]
    low, high = 0.0, 2.0
    for _ in range(20):
        shift = (low + high) / 2
        small = World(world.metric, 2, world.seeds, world.luck, world.items, shift).truth() < effect
        low, high = (shift, high) if small else (low, shift)
    moved = World(world.metric, 2, world.seeds, world.luck, world.items, low)
    seen = 0
    for _ in range(runs):
        one, two = moved.draw(generator)
        seen += _p(list(two), list(one), resamples) <= level
    return effect, float(np.mean(raised)), seen / runs


def resampled_seeds(first: list[Floats], second: list[Floats], *, resamples: int = 1000) -> Difference:
    """The plain hierarchical bootstrap, for comparison: seeds and items are both drawn with replacement."""
    table = np.stack(first) - np.stack(second)
    seeds, n = table.shape
    draws = ((_weights(seeds, resamples) @ table) * _weights(n, resamples)).sum(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return Difference(float(table.mean()), float(low), float(high), n, seeds)


def plain_coverage(world: World, runs: int, *, seed: int = 0) -> float:
    """Coverage of `resampled_seeds`."""
    generator = np.random.default_rng([seed, 2])
    covered = 0
    for _ in range(runs):
        one, two = World(world.metric, 2, world.seeds, world.luck, world.items).draw(generator)
        found = resampled_seeds(list(two), list(one))
        covered += found.low <= 0 <= found.high
    return covered / runs


def textbook(free: int, runs: int, *, seed: int = 0) -> list[dict[str, object]]:
    """The problem behind it: one variance known, one estimated with few degrees of freedom, in shares from 5 to 95 %.

    For each way to allow for the few: the range of its coverage over the shares, and how many times too often it errs
    at the first step of Holm's correction over three arms, at worst.
    """
    from scipy import stats

    generator = np.random.default_rng([seed, free])
    z = stats.norm.ppf((np.arange(101) + 0.5) / 101)
    hits: dict[str, list[tuple[float, float]]] = {}
    for share in (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95):
        part = share * generator.chisquare(free, runs) / free
        value, other = np.abs(generator.normal(size=runs)), 1 - share
        alone = 2 * stats.t.cdf((-value[:, None] - np.sqrt(other) * z) / np.sqrt(part)[:, None], free).mean(1)
        whole = 2 * stats.t.sf(value / np.sqrt(part + other), (part + other) ** 2 * free / part**2)
        weight = np.sqrt(part / (part + other))
        ways = {
            "t on the seeds' part (fiducial)": alone,
            "t on the whole (Welch, Satterthwaite)": whole,
            "both, by the seeds' share of the error": weight * alone + (1 - weight) * whole,
        }
        for name, p in ways.items():
            hits.setdefault(name, []).append(((p <= LEVEL).mean(), (p <= LEVEL / 3).mean() * 3 / LEVEL))
    return [
        {
            "few are allowed for by": name,
            "seeds": free + 1,
            "least coverage": round(1 - max(first for first, _ in found), 4),
            "most coverage": round(1 - min(first for first, _ in found), 4),
            "too many alarms, times": round(max(second for _, second in found), 2),
        }
        for name, found in hits.items()
    ]


def main(runs: int = 1000) -> None:
    """Simulate, and write the JSON and the page's table."""
    began = time.monotonic()
    settings = [
        World(metric, arms, seeds, luck)
        for metric in ("R@1", "MRR")
        for seeds in (2, 3, 5, 10)
        for luck in (0.0, TYPICAL, 3 * TYPICAL)
        for arms in _arms(metric, seeds, luck)
    ]
    rows = []
    for world in settings:
        many = 10 * runs if _doubtful(world) else runs
        found, moved = simulate(world, many), simulate(_moved(world), runs // 4)
        rows.append(
            {
                "metric": world.metric,
                "arms": world.arms,
                "seeds": world.seeds,
                "luck": world.luck,
                "seeds' share of the variance": round(found.share, 3),
                "comparisons": many,
                "false alarms": found.alarms,
                "coverage": round(found.coverage, 4),
                "coverage with a difference": round(moved.coverage, 4),
                "best arm lost": found.lost,
                "coverage of the plain bootstrap": plain_coverage(world, runs // 4),
            }
        )
    power = []
    for seeds in (3, 5, 10):
        effect, raised, seen = detected(World(seeds=seeds), runs)
        power.append(
            {
                "seeds": seeds,
                "smallest effect, points": round(100 * effect, 2),
                "seen, same spread": raised,
                "seen, R@1 that much higher": seen,
            }
        )
    text = [row for free in (1, 2, 4, 9) for row in textbook(free, 20 * runs)]
    plain = {"comparisons a row": runs, "items": 250, "rows": rows, "power": power, "textbook": text}
    PAGE.with_suffix(".json").write_text(json.dumps(plain, indent=1) + "\n")
    page = PAGE.read_text()
    marked = re.compile(r"(<!-- result -->\n).*(<!-- end of result -->)", re.S)
    PAGE.write_text(marked.sub(partial(_between, table(plain)), page))
    print(f"{len(settings)} settings in {time.monotonic() - began:.0f} s")


def table(plain: dict[str, Any]) -> str:
    """The result as Markdown."""
    few = plain["comparisons a row"] // 4
    lines = [f"{plain['items']} items. With a difference, and of the plain bootstrap: {few} comparisons a row.", ""]
    for found in (plain["rows"], plain["power"], plain["textbook"]):
        names = [name for name in found[0] if name != "luck"]
        lines += [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
        lines += [f"| {' | '.join(_shown(row[name], name) for name in names)} |" for row in found] + [""]
    return "\n".join(lines)


def _arms(metric: str, seeds: int, luck: float) -> tuple[int, ...]:
    if luck == TYPICAL and seeds == 5:
        return (3, 4, 5)
    return (4, 9) if metric == "MRR" and luck > TYPICAL and seeds in (3, 5) else (4,)


def _doubtful(world: World) -> bool:
    """Few seeds that matter much, or many arms: there the tails are asked for most."""
    return world.luck > TYPICAL and (world.seeds < 5 or world.arms > 5)


def _p(first: list[Floats], second: list[Floats], resamples: int) -> float:
    return cautious(first, second, seeded_difference(first, second, resamples=resamples)).p


def _shown(value: object, name: str) -> str:
    share = isinstance(value, float) and "points" not in name and "times" not in name
    if share and isinstance(value, float):
        return f"{100 * value:.1f} %"
    return f"{value:,}" if name == "comparisons" else str(value)


def _between(text: str, match: re.Match[str]) -> str:
    return f"{match[1]}{text}{match[2]}"


def _moved(world: World) -> World:
    return World(world.metric, world.arms, world.seeds, world.luck, world.items, 0.2)


@lru_cache(maxsize=8)
def _weights(n: int, resamples: int) -> Floats:
    return np.random.default_rng(n).multinomial(n, np.full(n, 1 / n), resamples) / n


def _values(z: Floats, metric: str) -> Floats:
    if metric == "R@1":
        return (z > 0).astype(np.float64)
    return 1 / np.ceil(np.exp(-1.5 * np.minimum(z, 0)))


def _share(table: Floats) -> float:
    """Share of the seeds' own luck in the variance of the mean."""
    seeds, n = table.shape
    by_seed, by_item = table.mean(axis=1), table.mean(axis=0)
    rest = table - by_seed[:, None] - by_item[None, :] + table.mean()
    noise = float((rest**2).sum()) / ((seeds - 1) * (n - 1))
    luck = max(0.0, float(by_seed.var(ddof=1)) - noise / n) / seeds
    return luck / (luck + float(by_item.var(ddof=1)) / n)


if __name__ == "__main__":
    main()

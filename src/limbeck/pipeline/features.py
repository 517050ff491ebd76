"""`FeatureLoader`: batches of cached vectors instead of pictures and words, for training and validating projectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from limbeck.core.encoder import Teacher
from limbeck.core.sample import Batch
from limbeck.core.source import Source
from limbeck.data.sampler import MixedSampler
from limbeck.pipeline.rows import skeleton


class FeatureLoader:
    """Each view holds `{"features": (n, d)}`, gathered from a teacher's cache: no picture is decoded again.

    Args:
        source: the rows.
        teachers: view name -> cached teacher.
        sampler: which rows and draws a training step sees.
    """

    def __init__(self, source: Source, *, teachers: Mapping[str, Teacher], sampler: MixedSampler) -> None:
        self.source = source
        self.teachers = dict(teachers)
        self.sampler = sampler

    def batch_at(self, step: int) -> Batch:
        """The batch of one step: a pure function of the seed and the step."""
        return features_of(self.source, self.teachers, *self.sampler.at(step))

    def steps(self, start: int, stop: int) -> Iterator[Batch]:
        """Batches of the steps `start` to `stop - 1`."""
        for step in range(start, stop):
            yield self.batch_at(step)


def features_of(
    source: Source, teachers: Mapping[str, Teacher], indices: Sequence[int], draws: Sequence[int] | None = None
) -> Batch:
    """One batch of cached vectors; without `draws`, of the unaugmented rows."""
    batch = skeleton(source, indices, draws if draws is not None else [0] * len(indices))
    views = {name: {"features": teacher(batch)["pooled"]} for name, teacher in teachers.items()}
    return replace(batch, views=views)

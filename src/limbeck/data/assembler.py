"""`Assembler`: rows of a source under given draws -> one `Batch`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from limbeck.core.augmentation import Augmentation
from limbeck.core.errors import LimbeckError
from limbeck.core.sample import Batch
from limbeck.core.source import Source
from limbeck.core.view import View
from limbeck.data.augmentation.augment import Drawn, augmentation_fingerprint
from limbeck.data.facts import facts_of
from limbeck.data.packed import Place
from limbeck.data.prepared import PreparedStore


class Assembler:
    """Rows of a source under given draws, as one batch for every view.

    Args:
        source: the rows.
        views: producer name (`student.image`) -> what it eats.
        augmentations: applied before the views split.
        store: keeps what was prepared; None prepares every time.
    """

    def __init__(
        self,
        source: Source,
        *,
        views: Mapping[str, View],
        augmentations: Sequence[Augmentation] = (),
        store: PreparedStore | None = None,
    ) -> None:
        self.source = source
        self.views = dict(views)
        self.augmentations = tuple(augmentations)
        self.store = store
        self._keys = {name: self._key(view, drawn=False) for name, view in self.views.items()}
        self._drawn = {name: self._key(view, drawn=True) for name, view in self.views.items()}
        facts = facts_of(source)
        self._groups, self._present = facts.groups, facts.present
        self._labels, self.labels = facts.labels
        self._domains, self.domains = facts.domains

    def batch(
        self, indices: Sequence[int], draws: Sequence[int], made: dict[Place, Mapping[str, Tensor]] | None = None
    ) -> Batch:
        """The rows in the order given; what was `made` elsewhere goes to the store and is not prepared again."""
        made = {} if made is None else made
        if self.store is not None:
            for key, tensors in made.items():
                self.store.put(*key, tensors)
        numbers, drawn = [int(number) for number in indices], [int(draw) for draw in draws]
        index = torch.tensor(numbers, dtype=torch.int64)
        present = {modality: here[index] for modality, here in self._present.items()}
        prepared = {name: self._at_hand(name, view, numbers, drawn) for name, view in self.views.items()}
        lacking = self._lacking(prepared, present)
        self._prepare([(numbers[place], (drawn[place],)) for place in lacking], made)
        for place in lacking:
            for name, rows in prepared.items():
                rows[place] = self._kept(name, numbers[place], drawn[place], made)
        target = {"group": self._groups[index]}
        if self.labels:
            target["label"] = self._labels[index]
        if self.domains:
            target["domain"] = self._domains[index]
        return Batch(
            views={name: view.collate(prepared[name]) for name, view in self.views.items()},
            present=present,
            index=index,
            draw=torch.tensor(drawn, dtype=torch.int64),
            target=target,
        )

    def _at_hand(
        self, name: str, view: View, indices: Sequence[int], draws: Sequence[int]
    ) -> list[Mapping[str, Tensor] | None]:
        """What the store has of these rows: in short runs this is most of the work of a batch."""
        if self.store is None:
            return [None] * len(indices)
        plain, drawn = self._keys[name], self._drawn[name]
        if plain == drawn:
            return self.store.get_many(indices, [0] * len(indices), plain)
        if all(draws):
            return self.store.get_many(indices, draws, drawn)
        pairs = zip(indices, draws, strict=True)
        return [self.store.get_many((index,), (draw,), drawn if draw else plain)[0] for index, draw in pairs]

    def _lacking(self, prepared: Mapping[str, Sequence[object]], present: Mapping[str, Tensor]) -> list[int]:
        """Places whose row some view has still to prepare."""
        found: set[int] = set()
        for name, rows in prepared.items():
            if None not in rows:
                continue
            here = present.get(self.views[name].modality)
            there = here.tolist() if here is not None else [False] * len(rows)
            found.update(place for place, row in enumerate(rows) if row is None and there[place])
        return sorted(found)

    def _key(self, view: View, *, drawn: bool) -> str:
        """What the prepared tensors of a view depend on beside row and draw: views of one spec share them."""
        parts = [part for part in self.augmentations if part.modality == view.modality]
        return f"{view.fingerprint()} {augmentation_fingerprint(parts)}" if drawn and parts else view.fingerprint()

    def _place(self, name: str, index: int, draw: int) -> Place:
        # A modality that nothing augments is the same under every draw: it is prepared and kept once.
        key = self._drawn[name] if draw else self._keys[name]
        return index, draw if key != self._keys[name] else 0, key

    def lacking(
        self, indices: Sequence[int], draws: Sequence[int], coming: Collection[Place]
    ) -> dict[tuple[int, int], set[Place]]:
        """(row, draw) -> what of it is neither kept nor `coming`; rows that lack nothing are not there."""
        found: dict[tuple[int, int], set[Place]] = {}
        for index, draw in zip(indices, draws, strict=True):
            here = self.source.rows[index].modalities
            places = {self._place(name, index, draw) for name, view in self.views.items() if view.modality in here}
            kept = coming if self.store is None else self.store
            lacks = {place for place in places if place not in coming and place not in kept}
            if lacks:
                found[index, draw] = lacks
        return found

    def made(self, order: Mapping[int, Iterable[int]]) -> dict[Place, Mapping[str, Tensor]]:
        """What the store lacks of the rows under the draws of an order (row -> draws)."""
        made: dict[Place, Mapping[str, Tensor]] = {}
        self._prepare(order.items(), made)
        return made

    def _prepare(self, order: Iterable[tuple[int, Iterable[int]]], made: dict[Place, Mapping[str, Tensor]]) -> None:
        """Add what store and `made` lack of rows under draws to both; a row is read once, its picture decoded once.

        Words wait until the last picture is done: between two pictures, whose pixels have filled the processor's
        caches, tokenising takes several times as long as among other words.
        """
        words = []
        for index, draws in order:
            sample = None
            for name, view in self.views.items():
                if view.modality not in self.source.rows[index].modalities:
                    continue
                places = {draw: self._place(name, index, draw) for draw in draws}
                lacks = {draw: place for draw, place in places.items() if not self._has(place, made)}
                if not lacks:
                    continue
                sample = sample or self.source.sample(index)
                drawn = Drawn(sample, view=view, augmentations=self.augmentations)
                if isinstance(drawn.value, str):
                    words.append((sample.id, view, drawn, lacks))
                else:
                    self._view(sample.id, view, drawn, lacks, made)
        for job in words:
            self._view(*job, made)

    def _view(
        self, row: str, view: View, drawn: Drawn, lacks: Mapping[int, Place], made: dict[Place, Mapping[str, Tensor]]
    ) -> None:
        """One value for one view, under each draw that lacks it."""
        for draw, place in lacks.items():
            if self._has(place, made):  # by another draw, or by another view of the same spec
                continue
            try:
                made[place] = view.prepare(drawn(draw))
            except LimbeckError as error:
                raise type(error)(f"row {row}: {error}") from error
            if self.store is not None:
                self.store.put(*place, made[place])

    def _has(self, place: Place, made: Mapping[Place, object]) -> bool:
        return place in made or (self.store is not None and place in self.store)

    def _kept(
        self, name: str, index: int, draw: int, made: Mapping[Place, Mapping[str, Tensor]]
    ) -> Mapping[str, Tensor] | None:
        """Tensors of a row that was prepared; None where it lacks the modality."""
        place = self._place(name, index, draw)
        found = made.get(place)
        return self.store.get(*place) if found is None and self.store is not None else found

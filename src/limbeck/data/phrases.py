"""Texts without pictures: words and short lists in the manner of captions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256

import numpy as np


def normalised(text: str) -> str:
    """Letters and digits in lower case: what two texts are compared by.

    >>> normalised("Up-Right From Square")
    'uprightfromsquare'
    """
    return "".join(letter for letter in text.lower() if letter.isalnum())


def phrases(
    words: Mapping[str, Sequence[str]], *, count: int = 30_000, forbidden: Collection[str] = (), seed: int = 0
) -> tuple[str, ...]:
    """Distinct texts for training a text tower without pictures, the same ones every time.

    First the labels and terms of `words`, then common English words (where `wordfreq` is installed) up to half of
    `count`, then lists of two to six of them in the form `word: word, word`.

    Use when a teacher of text is to be imitated on more texts than there are captions.

    Args:
        words: label -> terms, of training rows only.
        count: texts wanted.
        forbidden: normalised texts that may not occur (labels and captions of test rows).
        seed: of the lists.
    """
    banned = set(forbidden)
    found: dict[str, str] = {}

    def take(text: str) -> None:
        key = normalised(text)
        if key and key not in banned and len(found) < count:
            found.setdefault(key, text)

    for label, terms in sorted(words.items()):
        for text in (label, *terms):
            take(text)
    for word in _common(count)[: max(0, count // 2 - len(found))]:
        take(word)
    pool = list(found.values())
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(sha256(f"phrases\0{seed}".encode()).digest())))
    for _ in range(4 * count if len(pool) > 6 else 0):
        if len(found) >= count:
            break
        chosen = [pool[place] for place in generator.integers(0, len(pool), size=generator.integers(2, 7))]
        take(f"{chosen[0]}: {', '.join(chosen[1:])}")
    return tuple(found.values())


def _common(count: int) -> list[str]:
    try:
        from wordfreq import top_n_list
    except ImportError:
        return []
    return [word for word in top_n_list("en", count) if len(word) > 2 and word.isalpha() and word.isascii()]

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

    First the labels and terms of `words`, then common English words (where `wordfreq` is installed) up to two thirds
    of `count`, then made-up captions in the form `word: word, word` of 2 to 12 terms: from two entries of `words`,
    from one entry and common words, or from anything.

    Use when a teacher of text is to be imitated on more texts than there are captions.

    Args:
        words: label -> terms, of training rows only.
        count: texts wanted.
        forbidden: normalised texts that may not occur (labels and captions of test rows).
        seed: of the captions.
    """
    banned = set(forbidden)
    found: dict[str, str] = {}

    def take(text: str) -> None:
        key = normalised(text)
        if key and key not in banned and len(found) < count:
            found.setdefault(key, text)

    entries = [
        [text for text in (label, *terms) if normalised(text) not in banned] for label, terms in sorted(words.items())
    ]
    for text in (text for entry in entries for text in entry):
        take(text)
    known = list(found.values())
    for word in _common(count):
        if len(found) >= 2 * count // 3:
            break
        take(word)
    common = list(found.values())[len(known) :][:15_000] or known
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(sha256(f"phrases\0{seed}".encode()).digest())))
    for _ in range(4 * count if len(known) > 6 else 0):
        if len(found) >= count:
            break
        take(_caption(entries, known, common, generator))
    return tuple(found.values())


def _caption(
    entries: Sequence[Sequence[str]], known: Sequence[str], common: Sequence[str], generator: np.random.Generator
) -> str:
    """A made-up caption; nearness of meaning within an entry is what makes it look like a real one."""
    size = min(12, 2 + int(generator.exponential(5)))

    def some(texts: Sequence[str], most: int) -> list[str]:
        return [texts[place] for place in generator.integers(0, len(texts), size=most)] if texts else []

    one, two = (entries[place] for place in generator.integers(0, len(entries), size=2))
    kind = generator.random()
    if kind < 0.35:
        pool = [*one, *two]
    elif kind < 0.6:
        pool = [*one, *some(common, 4)]
    elif kind < 0.8:
        pool = [*some(known, size // 2), *some(common, size - size // 2)]
    else:
        pool = some(common, size)
    chosen = [pool[place] for place in generator.permutation(len(pool))[:size]]
    if len(chosen) < 2:
        return chosen[0] if chosen else ""
    head = chosen[0].title() if generator.random() < 0.5 else chosen[0]
    return f"{head}: {', '.join(chosen[1:])}" if generator.random() < 0.8 else ", ".join(chosen)


def _common(count: int) -> list[str]:
    try:
        from wordfreq import top_n_list
    except ImportError:
        return []
    return [word for word in top_n_list("en", count) if len(word) > 2 and word.isalpha() and word.isascii()]

"""`limbeck data`: prepare a built-in data set and say what it holds."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from limbeck.verbs.kept import kept_in_cache

if TYPE_CHECKING:
    from limbeck.data.card import DataCard


@kept_in_cache
def data(
    name: Annotated[str, "icons, emoji, digits, with options as in emoji:train=twitter+google,test=apple,size=32"],
    *,
    cache: Annotated[Path | str | None, "folder for caches; default: LIMBECK_CACHE or ~/.cache/limbeck"] = None,
) -> DataCard:
    """Prepare a built-in data set and print its card: counts, text lengths, duplicates across splits, licence.

    What has to be fetched or drawn is kept, so that later runs start at once and need no network. Files and folders of
    your own work too.

    Args:
        name: of the data set, with its options.
        cache: root of all caches.

    Returns:
        The card.

    Raises:
        UsageError: an unknown name or option.
        DataError: the data cannot be had.
    """
    from dataclasses import replace

    from limbeck.data.card import card
    from limbeck.data.open import open_source
    from limbeck.data.places import cache_folder
    from limbeck.pipeline.notify import to_stderr

    notify = to_stderr()
    if name.partition(":")[0] == "emoji" and not Path(name).exists():
        from limbeck.data.emoji_pictures import fetch_emoji

        fetch_emoji(cache_folder(), notify=notify)
    source = open_source(name)
    notify(f"looking at {len(source)} rows")
    found = replace(card(source), name=name)
    lines = found.lines()
    domains = sorted({row.domain for row in source.rows if row.domain})
    if domains:
        hidden = sorted({row.domain for n, row in enumerate(source.rows) if row.domain and not source.may_display(n)})
        lines.append(f"domains: {', '.join(domains)}" + (f"; never shown: {', '.join(hidden)}" if hidden else ""))
    licence = getattr(source, "licence", None)
    if licence is not None:
        lines.append(f"licence: {licence}")
    lines.append(f"fingerprint: {source.fingerprint()}")
    pairs = {"image", "text"} <= {*source.modalities}
    lines += ["", f"next: limbeck doctor {shlex.quote(name)} --teacher icons --student resnet-s"] if pairs else []
    print("\n".join(lines))
    return found

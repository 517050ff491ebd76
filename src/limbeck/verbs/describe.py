"""`limbeck describe`: one part, method, recipe or study: what it does, its arguments, its JSON, its file."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from typing import Annotated, Any


def describe(
    name: Annotated[str, "short name (InfoNCELoss, balanced, dcd_speed) or import path (limbeck.objectives....)"],
) -> dict[str, Any]:
    """Docstring, signature with defaults, JSON and source file of one part, method, recipe or study.

    Args:
        name: a short name that is unique, or an import path.

    Returns:
        `name`, `summary`, `signature`, `source`, and `json` where it can be built from its defaults alone.

    Raises:
        UsageError: nothing, or more than one thing, has that name.
    """
    path, item = _find(name)
    found = {
        "name": path,
        "summary": _first_line(item),
        "signature": _signature(item),
        "source": inspect.getsourcefile(item),
        "json": _plain(item),
    }
    print(f"{path}\n\n{found['signature']}\n\n{inspect.getdoc(item) or ''}\n")
    if "forward" in vars(item):
        print(f"called with: {_signature(vars(item)['forward'])}\n")
    if found["json"] is not None:
        print(f"as JSON:\n{json.dumps(found['json'], indent=2)}\n")
    print(f"source: {found['source']}")
    return found


def _find(name: str) -> tuple[str, Any]:
    from limbeck.core import discovery
    from limbeck.core.errors import UsageError, unknown

    everything = discovery.everything()
    if name in everything:
        return name, everything[name]
    short = [path for path in everything if path.rpartition(".")[2] == name]
    if not short:
        names = everything if "." in name else {path.rpartition(".")[2] for path in everything}
        raise UsageError(unknown("part, method, recipe or study", name, names))
    if len(short) > 1:
        raise UsageError(f"'{name}' is the name of {len(short)} things; take one of: {', '.join(sorted(short))}")
    return short[0], everything[short[0]]


def _plain(item: Any) -> Any:
    """What a file would hold: of a recipe the resolved values, of a part its defaults; None where arguments lack."""
    from limbeck.core.describe import describe as to_plain
    from limbeck.core.errors import LimbeckError

    if any(parameter.default is parameter.empty for parameter in _parameters(item)):
        return None
    try:
        return to_plain(item())
    except LimbeckError:
        return None


def _parameters(item: Any) -> Sequence[inspect.Parameter]:
    from limbeck.core.describe import signature_of

    return signature_of(item) if inspect.isclass(item) else [*inspect.signature(item).parameters.values()]


def _signature(item: Any) -> str:
    """As it stands in the source: annotations are text here, and `inspect` would put them in quotes."""
    shown, star = [], False
    for parameter in _parameters(item):
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            shown.append("*")
            star = True
        kind = parameter.annotation
        text = f"{parameter.name}: {kind if isinstance(kind, str) else inspect.formatannotation(kind)}"
        shown.append(text if parameter.default is parameter.empty else f"{text} = {parameter.default!r}")
    return f"{item.__name__}({', '.join(shown)})"


def _first_line(item: Any) -> str:
    return (inspect.getdoc(item) or "").split("\n", 1)[0]

"""What the findings say, one plain sentence an arm."""

from __future__ import annotations

import math

from limbeck.compare.arms import Comparison
from limbeck.compare.findings import BETTER, UNCERTAIN, Finding, Findings
from limbeck.report.document import number
from limbeck.report.metrics import arrows


def sentences(found: Findings) -> list[str]:
    """The overall answer first, then one sentence an arm, the reference last."""
    return [overall(found), *by_arm(found).values()]


def overall(found: Findings) -> str:
    """Which arms may be the best."""
    best = [f"'{arm}'" for arm in found.best.arms]
    where = f"{arrows(found.metric)}, {_design(found)}"
    if found.seeds == 1:
        return (
            f"{where}: no arm is called better or worse, for one seed says nothing of how seeds differ; "
            "give --seeds 3 or more."
        )
    if len(best) == 1:
        return f"{where}: {best[0]} is the best of {len(found.means)} arms."
    if len(best) == len(found.means):
        return f"{where}: any of the {len(best)} arms may be the best; this comparison cannot tell."
    return f"{where}: {_listed(best)} cannot be told apart from the best; the other arms are surely not it."


def by_arm(found: Findings) -> dict[str, str]:
    """Arm -> its sentence, the reference last."""
    return {one.arm: sentence(found, one.arm) for one in found.arms} | {found.reference: about_reference(found)}


def sentence(found: Findings, arm: str) -> str:
    """One arm against the reference and against the best; where no difference was seen, what could have been."""
    one = found.get(arm)
    if found.seeds == 1:
        value, interval = _amount(found, one.difference.value, sign=True), _interval(found, one, sign=True)
        return f"'{arm}' minus '{found.reference}' is {value} ({interval}, over items alone) at this seed."
    unseen = f"; {_unseen(found, one)}" if one.verdict == UNCERTAIN else ""
    return f"{_against(found, one)}; {_place(found, arm)}{unseen}."


def about_reference(found: Findings) -> str:
    """Whether the reference itself may be the best."""
    if found.seeds == 1:
        return f"'{found.reference}' is what the others are held against."
    return f"'{found.reference}', which the others are held against: {_place(found, found.reference)}."


def about_teacher(found: Findings, comparison: Comparison) -> str:
    """How far the teacher itself gets: what students are measured by, and no arm."""
    mean = comparison.mean("teacher", found.metric)
    scale, unit = (100, " %") if found.is_share else (1, "")
    value, low, high = (number(scale * each, _digits(found)) for each in (mean.value, mean.low, mean.high))
    return f"The teacher itself has {arrows(found.metric)} {value}{unit} ({low} to {high})."


def p_text(p: float) -> str:
    """A p-value with as many digits as it can bear; one near 0.05 stays on its side of it.

    >>> p_text(0.0372), p_text(0.0042), p_text(0.00004), p_text(0.0504)
    ('0.04', '0.004', '<0.001', '0.051')
    """
    if p < 0.001:
        return "<0.001"
    if 0.045 <= p < 0.055:
        up = math.ceil(1000 * p - 1e-9) / 1000
        return f"{up:.3f}"
    return f"{p:.3f}" if p < 0.01 else f"{p:.2f}"


def _against(found: Findings, one: Finding) -> str:
    # the corrected p has the last word; where it and the interval disagree the sentence says so
    p = f"corrected p {p_text(one.p)}"
    if one.verdict == UNCERTAIN:
        interval = f"{_amount(found, one.difference.value, sign=True)}, {_interval(found, one, sign=True)}"
        because = ""
        if one.difference.distinguishable:
            because = f"; the interval leaves zero out, but not after correction for {len(found.arms)} arms"
        return f"'{one.arm}' cannot be told apart from '{found.reference}' ({interval}, {p}{because})"
    verb = "beats" if one.verdict == BETTER else "loses to"
    return (
        f"'{one.arm}' {verb} '{found.reference}' by {_amount(found, abs(one.difference.value))} {arrows(found.metric)} "
        f"({_interval(found, one, turned=one.difference.value < 0)}, {p})"
    )


def _place(found: Findings, arm: str) -> str:
    rival = found.best.beaten.get(arm)
    if rival is not None:
        gain = found.gain(rival, arm).value
        return f"it is not the best: '{rival}' is {_amount(found, abs(gain))} ahead"
    others = [f"'{other}'" for other in found.best.arms if other != arm]
    if not others:
        return "it is the best arm"
    if len(others) > 2:
        return f"it may be the best, as may {len(others)} other arms"
    return f"it may be the best, as may {_listed(others)}"


def _unseen(found: Findings, one: Finding) -> str:
    if found.is_share and one.smallest >= 1:
        return f"{_design(found)} are too few to see any difference"
    return (
        f"with {_design(found)} a difference below {_amount(found, one.smallest)} would have gone unseen "
        f"in over {100 * (1 - found.power):.0f} % of such comparisons"
    )


def _design(found: Findings) -> str:
    return f"{found.seeds} seed{'s' * (found.seeds != 1)} and {found.items:,} items"


def _interval(found: Findings, one: Finding, *, sign: bool = False, turned: bool = False) -> str:
    ends = (one.difference.low, one.difference.high)
    low, high = (-ends[1], -ends[0]) if turned else ends
    scale = 100 if found.is_share else 1
    return f"{number(scale * low, _digits(found), signed=sign)} to {number(scale * high, _digits(found), signed=sign)}"


def _amount(found: Findings, value: float, *, sign: bool = False) -> str:
    if not found.is_share:
        return number(value, _digits(found), signed=sign)
    return f"{number(100 * value, _digits(found), signed=sign)} points"


def _digits(found: Findings) -> int:
    return 1 if found.is_share else 3


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

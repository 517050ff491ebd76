"""`DigitsSource`: 1,797 handwritten digits of 8 x 8 pixels; the built-in name `digits`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from limbeck.core.artefact import sha256_bytes
from limbeck.core.errors import DataError, UsageError
from limbeck.data.record import Record, Table
from limbeck.data.splits import hash_split
from limbeck.data.table import TableSource

_FRACTIONS = (0.6, 0.1, 0.3)


class DigitsSource(TableSource):
    """Rows of a picture (8 x 8, grey) and a label, `0` to `9`: 60 % train, 10 % validate and 30 % test.

    A row's split is the SHA-256 of its pixels, so equal pictures share a split, and leaving classes out moves no row.

    Use when a classification run has to take seconds. scikit-learn carries the data (UCI's Optical Recognition of
    Handwritten Digits, Alpaydin and Kaynak 1998, CC BY 4.0).

    Args:
        classes: which digits: a range (`0-4`), some (`0+3+7`), or both.

    Raises:
        DataError: scikit-learn is not installed.
        UsageError: `classes` names no digits.
    """

    def __init__(self, *, classes: str = "0-9") -> None:
        self.chosen = _chosen(classes)
        try:
            from sklearn import datasets
        except ImportError:
            raise DataError("the digits data needs scikit-learn; run: pip install 'limbeck[data]'") from None
        found = datasets.load_digits()
        records = []
        for number, (pixels, digit) in enumerate(zip(found.images, found.target, strict=True)):
            if int(digit) in self.chosen:
                grey = (pixels * 255 / 16).round().astype("uint8")
                split = hash_split(sha256_bytes(grey.tobytes()), _FRACTIONS)
                # PGM: header and pixels, so that decoding costs next to nothing
                value = b"P5 8 8 255\n" + grey.tobytes()
                records.append(Record(f"digit/{number:04d}", {"image": value}, split=split, label=str(digit)))
        self.removed: tuple[str, ...] = ()
        """No test row is removed: equal pictures share a split, and near-equal ones are other people's handwriting."""
        folder = Path(str(datasets.__file__)).parent
        super().__init__("digits", table=Table(tuple(records), ("image",)), folder=folder)

    @cached_property
    def _print(self) -> str:
        return super().fingerprint()

    def fingerprint(self) -> str:
        """Hash of ids, splits and contents; computed once."""
        return self._print

    @property
    def licence(self) -> Path:
        """Where the data comes from."""
        return self.folder / "descr" / "digits.rst"


def _chosen(classes: str) -> frozenset[int]:
    chosen: set[int] = set()
    for part in classes.split("+"):
        first, dash, last = part.partition("-")
        last = last if dash else first
        if not (first.isdecimal() and last.isdecimal() and 0 <= int(first) <= int(last) <= 9):
            raise UsageError(f"digits' classes are a range or digits, such as 0-4 or 0+3+7; got {classes!r}")
        chosen |= set(range(int(first), int(last) + 1))
    return frozenset(chosen)

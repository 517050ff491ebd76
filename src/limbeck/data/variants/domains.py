"""`DomainsSource`: train in some domains, test in others; the options `train` and `test`."""

from __future__ import annotations

from limbeck.core.errors import DataError, UsageError, unknown
from limbeck.core.source import Source
from limbeck.data.subset import SubsetSource


class DomainsSource(SubsetSource):
    """Training and validation rows of the domains `train`, test rows of the domains `test`.

    Validation is done in the training domains: choosing on the shifted ones would be tuning on the test. Rows without a
    domain stay.

    Use when a method claims to hold under domain shift.

    Args:
        source: what is varied; its rows have domains.
        train: domains to train and validate in; empty takes all.
        test: domains to test in; empty takes all.
    """

    def __init__(self, source: Source, *, train: tuple[str, ...] = (), test: tuple[str, ...] = ()) -> None:
        known = {row.domain for row in source.rows if row.domain}
        if not known:
            raise UsageError("train= and test= name domains, and the rows of this data have none")
        for name in (*train, *test):
            if name not in known:
                raise UsageError(unknown("domain", name, known))
        self.train = train
        self.test = test
        wanted = {"test": set(test) or known, "train": set(train) or known}
        keep = [
            n
            for n, row in enumerate(source.rows)
            if not row.domain or row.domain in wanted["test" if row.split == "test" else "train"]
        ]
        if not any(source.rows[n].split == "test" for n in keep):
            raise DataError(f"no test row is drawn by {' or '.join(test) or 'any domain'}")
        super().__init__(source, keep=keep)

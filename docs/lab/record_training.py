"""Entries of the ledger that do not say by which training loop they were measured.

`python docs/lab/record_training.py` takes the loop of the commit that an entry names from git and hashes it; nothing is
trained, and no figure changes. What is measured today says it by itself.
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from functools import cache
from io import BytesIO
from pathlib import Path

from limbeck.claims.fingerprint import training_code
from limbeck.claims.ledger import entries, ledger_folder
from limbeck.core.artefact import write_json
from limbeck.core.checkout import ROOT

LOOP = "src/limbeck/stages"


@cache
def loop_of(commit: str) -> dict[str, str]:
    """Module -> hash of the training loop at a commit."""
    packed = subprocess.run(["git", "archive", commit, LOOP], cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
        return training_code(Path(folder) / LOOP)


def main() -> None:
    """Fill in what is missing."""
    folder = ledger_folder()
    for name, entry in entries(folder).items():
        if "training" not in entry["code"]:
            entry["code"]["training"] = loop_of(entry["commit"])
            write_json(folder / f"{name}.json", entry)
            print(f"{name}: by the loop of {entry['commit'][:10]}")


if __name__ == "__main__":
    main()

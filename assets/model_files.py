"""The files that a model is made of: the project's code that defines its estimator, the predictions made elsewhere.

What is in them does not belong here.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from assets.model_spec import ModelSpec


def file_of(root: Path, estimator: str) -> Path | None:
    """The file that `file.py:function` names, or None when a package is named."""
    place = estimator.rpartition(":")[0]
    return root / place if place.endswith(".py") else None


def prediction_files(root: Path, spec: ModelSpec) -> list[Path]:
    """The files that `predictions` names, sorted."""
    found: set[Path] = set()
    for pattern in spec.predictions:
        path = Path(pattern).expanduser()
        found |= {path} if path.is_absolute() and path.is_file() else set()
        found |= set() if path.is_absolute() else set(root.glob(pattern))
    return sorted(path for path in found if path.is_file())


def sha256_of(path: Path) -> str | None:
    """The SHA-256 of a file, or None when it is not there."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None

"""Fitted models as files: written by skops, never pickled, and loaded only when every type in them is trusted.

Which model is loaded, and when, does not belong here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from assets.errors import ModelFailed

# What scikit-learn's own pipelines hold, beside what skops trusts by itself.
TRUSTED_PACKAGES = ("sklearn.", "numpy.", "scipy.")
TRUSTED = frozenset(["functools.partial"])


def write_model(pipeline: Any, path: Path) -> None:
    """Write a fitted pipeline to `path`; a process that dies leaves no half of it."""
    import skops.io

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        skops.io.dump(pipeline, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_model(path: Path, *, trusted: frozenset[str] = frozenset()) -> Any:
    """Read a pipeline that `write_model` wrote.

    Args:
        path: The file.
        trusted: Further types that the caller vouches for, by their full names.

    Raises:
        ModelFailed: It holds a type that nobody vouches for.
    """
    import skops.io

    unknown = skops.io.get_untrusted_types(file=path)
    known = [name for name in unknown if name.startswith(TRUSTED_PACKAGES) or name in TRUSTED | trusted]
    if strange := sorted(set(unknown) - set(known)):
        found = f"{path.name} holds {strange[0]}, which is not trusted"
        raise ModelFailed(
            path.stem, found, "load it only if you know who wrote that code, and name the type as trusted"
        )
    return skops.io.load(path, trusted=known)

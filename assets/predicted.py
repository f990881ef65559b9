"""What a model may say: something of every row, finite numbers, probabilities that add up. Anything else is its fault.

Holds for models that are fitted here and for predictions made elsewhere; how they are got does not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assets.errors import ModelFailed

if TYPE_CHECKING:
    import numpy as np

SUM_TOLERANCE = 1e-3
# The square of a square of it is still a number: metrics and the variances of their gaps are made of such.
LARGEST = 1e70


def refuse_wrong_shape(model: str, told: Mapping[str, Any], n_rows: int) -> None:
    """Refuse what is not one element (of probabilities: one row) for each row.

    Raises:
        ModelFailed: It is of another shape.
    """
    for name, values in told.items():
        n_axes = 2 if name == "probabilities" else 1
        if values is not None and (values.ndim != n_axes or len(values) != n_rows):
            shape = " x ".join(map(str, values.shape)) or "1"
            found = f"asked for {n_rows:,} rows, it gives {shape} values as `{name}`"
            raise ModelFailed(model, found, "give one for each row, in the order of the rows")


def refuse_odd_numbers(model: str, values: np.ndarray, what: str) -> None:
    """Refuse what is no finite number, or too large for its square to be one.

    Raises:
        ModelFailed: Such a value is among them.
    """
    import numpy as np

    if n_odd := int((~np.isfinite(values)).sum()):
        raise ModelFailed(
            model, f"{what} is no finite number in {n_odd:,} of {len(values):,} rows", "leave no value out"
        )
    if n_large := int((np.abs(values) > LARGEST).sum()):
        found = f"{what} is beyond {LARGEST:g} in {n_large:,} of {len(values):,} rows: nothing can be squared there"
        raise ModelFailed(model, found, "predict it in another unit, or its logarithm")


def refuse_improbable(model: str, told: np.ndarray) -> None:
    """Refuse probabilities (rows x classes) that are below 0, no numbers, or do not add up to 1.

    Raises:
        ModelFailed: Such a row is among them.
    """
    import numpy as np

    off = ~np.isfinite(told).all(axis=1) | (told < 0).any(axis=1)
    off |= ~(np.abs(told.sum(axis=1) - 1) <= SUM_TOLERANCE)
    if n := int(off.sum()):
        found = f"the probabilities of {n:,} rows are below 0 or do not add up to 1"
        raise ModelFailed(model, found, "normalise them; a score is no probability")

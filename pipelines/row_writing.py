"""Writing labelled rows as plain arrays: texts become their places among those of train, labels those of the classes.

How they are mapped is `pipelines.row_files`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.preparation import is_text
from assets.project import Project
from assets.step import Run
from assets.task import task_of
from pipelines.labelled import LabelledRows, known_columns
from pipelines.row_files import X_FILE, Y_FILE, Columns, RowFiles, remove
from warehouse.errors import NotPossible
from warehouse.modelled import feature_sql, kind_of, label_sql
from warehouse.portions import in_order_sql
from warehouse.query import quoted

if TYPE_CHECKING:
    import numpy as np

ROWS_AT_ONCE = 65_536


def columns_of(rows: LabelledRows, features: Sequence[str]) -> Columns:
    """What the arrays of `rows` will hold: texts and classes are numbered as they are in train.

    Raises:
        NotPossible: A column cannot be a number.
        NotFound: There is no such column.
    """
    known_columns(rows.version, features)
    kinds = {name: rows.version.columns[name] for name in features}
    project = Project.open(rows.warehouse.settings.root)
    run = Run(project=project, warehouse=rows.warehouse)
    task = task_of(run, project.dataset(rows.version.dataset), rows.version, "torch")
    levels = levels_of(replace(rows, split="train", share=1.0), kinds)
    return Columns(features=kinds, levels=levels, target=rows.target, classes=task.classes)


def write_rows(rows: LabelledRows, columns: Columns) -> RowFiles:
    """Write `rows` in their order, streamed.

    Raises:
        NotPossible: The temporary folder has no room.
    """
    listed = [feature_sql(name, kind) for name, kind in columns.features.items()]
    listed.append(f"{label_sql(columns.target, is_quantity=not columns.classes)} AS _label")
    folder = tempfile.mkdtemp(prefix="gristmill-")
    try:
        n_rows = _write(rows, in_order_sql(rows.sql(listed)), columns, Path(folder))
    except OSError as error:
        remove(folder, os.getpid())
        found = f"they cannot be written into {folder}: {error}"
        raise NotPossible(f"rows of {rows.named}", found, "name another folder by TMPDIR") from error
    except BaseException:
        remove(folder, os.getpid())
        raise
    return RowFiles(folder, n_rows, len(columns.features), columns.label_dtype, is_owner=True)


def _write(rows: LabelledRows, select: str, columns: Columns, folder: Path) -> int:
    n_rows = 0
    with (folder / X_FILE).open("wb") as x_file, (folder / Y_FILE).open("wb") as y_file, rows.streaming() as lake:
        for batch in lake.execute(select).to_arrow_reader(ROWS_AT_ONCE):
            x, y = _arrays(batch, columns)
            x_file.write(x.tobytes())
            y_file.write(y.tobytes())
            n_rows += len(y)
    return n_rows


def _arrays(batch: Any, columns: Columns) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels of an Arrow batch, as numbers."""
    import numpy as np

    x = np.empty((batch.num_rows, len(columns.features)), dtype=np.float32)
    for i, name in enumerate(columns.features):
        column = batch.column(i)
        if name in columns.levels:
            x[:, i] = _places(column, columns.levels[name]) + 1
        else:
            x[:, i] = column.to_numpy(zero_copy_only=False)  # NULL becomes NaN
    label = batch.column(len(columns.features))
    y = _places(label, columns.classes) if columns.classes else label.to_numpy(zero_copy_only=False)
    return x, y.astype(columns.label_dtype)


def _places(texts: Any, known: Sequence[str]) -> np.ndarray:
    """Where each text stands in `known`; -1 for one that does not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    places: np.ndarray = (
        pc.index_in(texts, value_set=pa.array(known, type=texts.type)).fill_null(-1).to_numpy(zero_copy_only=False)
    )
    return places


def levels_of(rows: LabelledRows, features: Mapping[str, str]) -> dict[str, list[str]]:
    """The texts of each feature that is one among `rows`, sorted.

    Raises:
        NotPossible: A column is no number and no category.
    """
    levels = {}
    for name, kind in features.items():
        if kind_of(kind) == "other":
            raise _no_number(rows, name, f"it is {kind}")
        if kind_of(kind) == "category":
            values = rows.frame([quoted(name)])[name].drop_nulls()
            levels[name] = values.unique().sort().to_list()
            if is_text(len(levels[name]), len(values)):
                found = f"it is text ({len(levels[name]):,} different ones in {len(values):,} rows)"
                raise _no_number(rows, name, found)
    return levels


def _no_number(rows: LabelledRows, name: str, found: str) -> NotPossible:
    hint = "leave it out by `columns=[...]`, or let the query make numbers of it"
    return NotPossible(f"column {name!r} of {rows.version.dataset!r} as a number", found, hint)

"""Which rows are in which batch: every row once, the same order with any number of workers and in any process."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import tensors
from pipelines.api import Dataset, open_dataset
from pipelines.epochs import Order, _mixed, shuffled
from pipelines.labelled import labelled
from pipelines.row_files import RowFiles
from pipelines.row_writing import columns_of, write_rows
from warehouse.errors import NotFound, NotPossible

pytestmark = pytest.mark.xdist_group("training")


def in_turns(order: Order, epoch: int, n_workers: int) -> list[list[int]]:
    """The batches as PyTorch's DataLoader takes them: one from each worker in turn."""
    streams = [list(order.batches(epoch, worker=worker, n_workers=n_workers)) for worker in range(n_workers)]
    longest = max(len(stream) for stream in streams)
    return [stream[i].tolist() for i in range(longest) for stream in streams if i < len(stream)]


@given(
    n_rows=st.integers(0, 60),
    batch_size=st.integers(1, 20),
    n_ranks=st.integers(1, 5),
    n_workers=st.integers(1, 6),
    seed=st.integers(-5, 2**70),
    epoch=st.integers(0, 3),
)
def test_every_row_comes_once_over_ranks_and_workers(
    n_rows: int, batch_size: int, n_ranks: int, n_workers: int, seed: int, epoch: int
) -> None:
    order = Order(n_rows=n_rows, batch_size=batch_size, seed=seed, n_ranks=n_ranks, unequal="exact")
    ranks = [replace(order, rank=rank) for rank in range(n_ranks)]
    batches = [in_turns(one, epoch, n_workers) for one in ranks]
    rows = [row for rank in batches for batch in rank for row in batch]
    assert sorted(rows) == list(range(n_rows))
    for one, of_rank in zip(ranks, batches, strict=True):
        assert of_rank == in_turns(one, epoch, 1)  # the same whatever the number of workers
        assert len(of_rank) == one.n_batches
        assert all(len(batch) == batch_size for batch in of_rank[:-1])


@given(n_rows=st.integers(1, 60), batch_size=st.integers(1, 20), n_ranks=st.integers(1, 9))
def test_padded_ranks_have_as_many_batches_and_repeat_only_what_is_lacking(
    n_rows: int, batch_size: int, n_ranks: int
) -> None:
    order = Order(n_rows=n_rows, batch_size=batch_size, seed=1, n_ranks=n_ranks)
    ranks = [in_turns(replace(order, rank=rank), 0, 1) for rank in range(n_ranks)]
    assert len({tuple(map(len, batches)) for batches in ranks}) == 1
    times = np.bincount([row for batches in ranks for batch in batches for row in batch], minlength=n_rows)
    assert times.min() >= 1
    assert times.max() - times.min() <= 1
    assert times.sum() - n_rows == -n_rows % n_ranks


def test_the_order_is_the_same_for_ever() -> None:
    assert _mixed(0) == 0xE220A8397B1DCDAF  # the first number of SplitMix64 from 0, as its authors have it
    assert shuffled(8, seed=0, epoch=0).tolist() == [0, 7, 2, 5, 4, 6, 3, 1]
    assert shuffled(8, seed=0, epoch=1).tolist() == [4, 1, 7, 5, 0, 6, 3, 2]
    assert shuffled(8, seed=1, epoch=0).tolist() == [7, 4, 2, 0, 3, 6, 5, 1]


def test_orders_of_other_seeds_and_epochs_have_nothing_to_do_with_each_other() -> None:
    n_rows = 20_000
    orders = [shuffled(n_rows, seed, epoch) for seed in (0, 1, 2) for epoch in (0, 1)] + [np.arange(n_rows)]
    for i, one in enumerate(orders):
        for other in orders[:i]:
            assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / np.sqrt(n_rows)
            assert np.sum(one == other) < 10  # by chance one row stands where it stood


def test_without_shuffling_the_rows_come_as_they_are() -> None:
    order = Order(n_rows=5, batch_size=2, is_shuffled=False)
    assert in_turns(order, 3, 1) == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"batch_size": 0}, "batch_size=0: a whole number from 1 is meant."),
        ({"rank": 2, "n_ranks": 2}, "ranks=(2, 2): rank 2 is not one of 2, which count from 0."),
        ({"unequal": "drop"}, "unequal='drop': `pad` or `exact` is meant."),
    ],
)
def test_what_cannot_be_is_said(asked: dict[str, object], said: str) -> None:
    with pytest.raises(NotPossible) as told:
        Order(**{"n_rows": 5, "batch_size": 2, **asked})  # type: ignore[arg-type]
    assert str(told.value) == said


@pytest.fixture(scope="module")
def files(shop_of_visits: Path) -> tuple[RowFiles, Dataset]:
    d = open_dataset("visits@1", shop_of_visits)
    rows = labelled(d._warehouse, d._version, d.target, "train")
    return write_rows(rows, columns_of(rows, d.features)), d


def test_the_arrays_are_xy_in_numbers(files: tuple[RowFiles, Dataset]) -> None:
    written, d = files
    (x, y), (frame, labels) = written.mapped(), d.xy("train")
    assert d.features == ["city", "spent", "cost"]
    cities = {"Basel": 1.0, "Bern": 2.0, None: 0.0}
    assert x[:, 0].tolist() == [cities[city] for city in frame["city"]]
    assert x[:, 1:].tolist() == frame.select("spent", "cost").to_numpy().tolist()
    assert (x.dtype, y.dtype, y.tolist()) == (np.float32, np.int64, labels.to_list())


def test_times_truths_missing_numbers_and_quantities_are_numbers_too(
    make_project: Callable[..., Path], run_project: Callable[..., object]
) -> None:
    rows = "".join(f"{i},1970-01-{1 + i % 9:02},{i % 2 == 0},{'' if i % 3 else i},{i / 4}\n" for i in range(40))
    text = "source: t.csv\nkey: id\ntarget: y\nmodels: {}\nfeatures: [id, day, flag, x]\n"
    root = make_project({"t.yaml": text}, {"t.csv": f"id,day,flag,x,y\n{rows}"})
    run_project(root)
    d = open_dataset("t", root)
    written = labelled(d._warehouse, d._version, d.target, "train")
    columns = columns_of(written, d.features)
    x, y = write_rows(written, columns).mapped()
    assert (columns.classes, y.dtype, len(y)) == ((), np.float32, d.xy("train")[1].len())
    for (number, day, flag, missing), label in zip(x.tolist(), y.tolist(), strict=True):
        assert (day, flag, label) == (number % 9, number % 2 == 0, number / 4)
        assert np.isnan(missing) if number % 3 else missing == number


def test_texts_are_numbered_as_in_train_whatever_split_is_written(visits: Dataset) -> None:
    rows = labelled(visits._warehouse, visits._version, visits.target, "test")
    assert columns_of(rows, ["city"]).levels == {"city": ["Basel", "Bern"]}


def take(files: RowFiles, order: Order, worker: int, n_workers: int, out: str) -> None:
    """What a worker process does, and all that it does."""
    x, y = files.mapped()
    found = [np.column_stack([x[rows], y[rows]]) for rows in order.batches(0, worker=worker, n_workers=n_workers)]
    Path(out).write_bytes(pickle.dumps(found))


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")  # that is what is tested
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_forked_and_spawned_workers_read_the_same_batches(
    files: tuple[RowFiles, Dataset], tmp_path: Path, method: str
) -> None:
    written, d = files
    order = Order(n_rows=written.n_rows, batch_size=50, seed=3)
    context = multiprocessing.get_context(method)
    names = [str(tmp_path / str(worker)) for worker in range(2)]
    workers = [context.Process(target=take, args=(written, order, i, 2, name)) for i, name in enumerate(names)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    first, second = (pickle.loads(Path(name).read_bytes()) for name in names)
    batches = [batch for pair in zip(first, second, strict=True) for batch in pair]
    x, y = written.mapped()
    assert len(batches) == order.n_batches == 14
    for batch, rows in zip(batches, order.batches(0), strict=True):
        assert batch.tolist() == np.column_stack([x[rows], y[rows]]).tolist()
    assert sorted(np.concatenate(batches)[:, 1]) == d.xy("train")[0]["spent"].to_list()


def test_the_files_go_with_the_object_that_wrote_them_and_not_with_its_copies(visits: Dataset) -> None:
    rows = labelled(visits._warehouse, visits._version, visits.target, "dev")
    written = write_rows(rows, columns_of(rows, ["spent"]))
    folder, copied = Path(written._folder), pickle.loads(pickle.dumps(written))
    assert copied.mapped()[0].tolist() == written.mapped()[0].tolist()
    del copied
    assert folder.exists()
    del written
    assert not folder.exists()


def test_what_is_no_number_is_named_with_what_to_do(visits: Dataset) -> None:
    rows = labelled(visits._warehouse, visits._version, visits.target, "train")
    with pytest.raises(NotFound, match="No column of 'visits' named 'shop'"):
        columns_of(rows, ["shop"])
    lists = replace(rows, version=replace(rows.version, columns={**rows.version.columns, "spent": "DOUBLE[]"}))
    with pytest.raises(NotPossible, match=r"^column 'spent' of 'visits' as a number: it is DOUBLE\[\]") as told:
        columns_of(lists, ["spent"])
    assert "columns=[...]" in told.value.__notes__[0]


def test_without_pytorch_the_extra_is_named(visits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    tensors._dataset_class.cache_clear()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(NotPossible, match=r"^tensors of PyTorch: PyTorch cannot be imported \(") as told:
        visits.torch("train", batch_size=10)
    assert told.value.__notes__ == [
        'Hint: `pip install "gristmill[torch]"`, or install PyTorch as your machine needs it'
    ]

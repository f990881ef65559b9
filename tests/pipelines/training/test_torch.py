"""`d.torch` under PyTorch itself: loaders of 0 to 4 workers, forked and spawned, and ranks that wait for each other."""

from __future__ import annotations

import multiprocessing
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.api import Dataset, open_dataset

torch = pytest.importorskip("torch", reason="PyTorch is an extra: pip install '.[torch]', then this file is tested")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("training"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),  # that is what is tested
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),  # of few cores
]
SECONDS = 600  # a hang and no slowness


def arrays(batches: Any) -> list[tuple[list[Any], list[Any]]]:
    return [(x.tolist(), y.tolist()) for x, y in batches]


@pytest.mark.parametrize("n_workers", [0, 1, 4])
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_loader_gives_every_row_once_in_one_order(visits: Dataset, method: str, n_workers: int) -> None:
    visits.load("train")  # DuckDB and Polars have threads by now
    data = visits.torch("train", batch_size=32, seed=5)
    x, _ = visits.xy("train")
    epochs = []
    for epoch in (0, 1):
        data.set_epoch(epoch)
        epochs.append(arrays(data))
        assert sorted(row[1] for batch, _ in epochs[-1] for row in batch) == x["spent"].to_list()
    assert epochs[0] != epochs[1]
    more = {"multiprocessing_context": method, "timeout": SECONDS} if n_workers else {}
    loader = data.loader(num_workers=n_workers, persistent_workers=n_workers > 0, **more)
    assert len(loader) == len(epochs[0]) == -(-len(x) // 32)
    for epoch in (1, 0):  # workers that live on hear of the next epoch
        data.set_epoch(epoch)
        assert arrays(loader) == epochs[epoch]


def test_tensors_have_their_types_and_names(visits: Dataset) -> None:
    data = visits.torch("dev", batch_size=1000, shuffle=False, columns=["spent", "city"])
    ((x, y),) = data
    features, labels = visits.xy("dev")
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    assert (data.features, data.levels, data.classes) == (("spent", "city"), {"city": ("Basel", "Bern")}, ("0", "1"))
    assert x[:, 0].tolist() == features["spent"].to_list()
    assert y.tolist() == labels.to_list()


def train(rank: int, root: str, store: str, out: str, n_rows: str) -> None:
    """One of two ranks, which wait for each other at every batch as in distributed training."""
    import torch.distributed as dist

    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    data = open_dataset("visits@1", root).torch("train", batch_size=int(n_rows), seed=1)
    seen = []
    for x, _ in data.loader(num_workers=1, multiprocessing_context="fork", timeout=SECONDS):
        total = torch.tensor([len(x)])
        dist.all_reduce(total)
        assert total.item() == 2 * len(x)
        seen += x[:, 1].tolist()
    np.save(out, np.array(seen))
    dist.destroy_process_group()


@pytest.mark.parametrize("n_rows", ["32", "9"])
def test_two_ranks_share_an_epoch_and_neither_waits_for_ever(shop_of_visits: Path, tmp_path: Path, n_rows: str) -> None:
    context = multiprocessing.get_context("spawn")
    outs = [str(tmp_path / f"{rank}.npy") for rank in (0, 1)]
    arguments = [(rank, str(shop_of_visits), str(tmp_path / "store"), out, n_rows) for rank, out in enumerate(outs)]
    ranks = [context.Process(target=train, args=one) for one in arguments]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(SECONDS)
        assert rank.exitcode == 0
    seen = [np.load(out) for out in outs]
    spent = open_dataset("visits@1", shop_of_visits).xy("train")[0]["spent"].to_numpy()
    assert len(spent) % 2 == 1  # so one row comes twice
    assert [len(one) for one in seen] == [len(spent) // 2 + 1] * 2
    assert set(np.concatenate(seen)) == set(spent)


def test_ranks_are_read_from_the_launcher_s_environment(visits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "3")
    by_environment = visits.torch("dev", batch_size=10, unequal="exact")
    assert arrays(by_environment) == arrays(visits.torch("dev", batch_size=10, unequal="exact", ranks=(1, 3)))
    counts = [
        sum(len(y) for _, y in visits.torch("dev", batch_size=10, unequal="exact", ranks=(r, 3))) for r in range(3)
    ]
    assert sum(counts) == visits.xy("dev")[1].len()


def test_nothing_but_torch_imports_pytorch(shop_of_visits: Path) -> None:
    code = (
        "import sys, gristmill as gm\nd = gm.dataset('visits@1')\nd.folds(3), d.xy('train'), d.weights('train')\n"
        "next(d.batches('train', batch_size=5))\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=shop_of_visits, check=True)


def test_the_block_of_the_page_works(visits: Dataset) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "train.md").read_text("utf-8")
    (block,) = [found for found in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if ".torch(" in found]
    names: dict[str, Any] = {"visits": visits}
    exec(block, names)
    assert names["X_batch"].shape[1] == 3

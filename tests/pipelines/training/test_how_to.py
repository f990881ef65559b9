"""The page on training: its blocks work, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "train.md"

pytestmark = pytest.mark.xdist_group("training")


def test_the_blocks_of_the_page_work(shop_of_visits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop_of_visits)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 6
    names: dict[str, object] = {}
    for block in blocks:
        if ".torch(" not in block:  # test_torch has that one
            exec(block, names)

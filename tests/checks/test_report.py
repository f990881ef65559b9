from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import polars as pl

from checks.comparison import compare

EVIL = '<img src=x onerror="alert(1)">&'


def test_a_notebook_shows_the_verdict_the_table_and_the_pictures_of_what_shifted_all_escaped() -> None:
    drawn = np.random.default_rng(0)
    sides = [
        pl.DataFrame({"still": drawn.normal(size=n), EVIL: drawn.normal(by, 1, n), "of": [EVIL] * n})
        for n, by in ((1_200, 0.0), (1_000, 1.0))
    ]
    report = compare(*sides)
    html = report._repr_html_()
    assert "<img" not in html
    page = ET.fromstring(html)  # each element is closed, each text escaped
    assert page.findtext("p/strong") == report.finding("SHIFT6").seen
    rows = [["".join(cell.itertext()) for cell in row] for row in page.iter("tr")][1:]
    assert [row[:2] for row in rows] == [[EVIL, "shifted"], ["still", "cannot tell"], ["of", "not applicable"]]
    assert rows[0][4].startswith("mean, in sd +")
    assert rows[1][4].startswith("the interval reaches beyond")
    titles = [picture.findtext("{*}title") for picture in page.iter("{http://www.w3.org/2000/svg}svg")]
    assert titles == ["current against reference: effect by column", EVIL]
    assert any("What to do: Where a model learns" in (p.text or "") for p in page.iter("p"))

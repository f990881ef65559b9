from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import polars as pl

from checks.column_shift import ColumnShift
from checks.comparison import compare
from checks.report import ShiftReport

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


def test_a_declared_shift_has_one_word_in_text_and_pictures() -> None:
    sides = {"reference": "train", "current": "dev", "n_reference": 9, "n_current": 9, "unit": "row"}
    shifted = ColumnShift(column="x", verdict="shifted", effect=0.2, low=0.1, high=0.3, p_corrected=0.01)
    report = ShiftReport(declared=True, columns=(shifted,), **sides)
    assert "shifted, as declared: x" in report.finding("SHIFT3").seen
    assert report.lines()[-1].startswith("x       shifted, as declared   0.200  ")
    assert report.figures[0]["rows"][0]["verdict"] == "shifted, as declared"
    assert '<td style="text-align:left">shifted, as declared</td>' in report._repr_html_()

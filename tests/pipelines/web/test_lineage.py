"""The picture of a dataset's neighbours: who stands in it, on which side, and that names cannot break it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from pipelines.web.lineage import draw_lineage

NS = "{http://www.w3.org/2000/svg}"


def places(svg: str) -> dict[str, float]:
    return {e.text or "": float(e.attrib["x"]) for e in ET.fromstring(svg).iter(f"{NS}text")}


def test_what_is_read_stands_left_and_what_reads_stands_right() -> None:
    found = places(draw_lineage("flights", ["planes", "weather"], ["delays"]))
    assert found["planes"] == found["weather"] < found["flights"] < found["delays"]


def test_a_dataset_alone_is_one_box() -> None:
    assert list(places(draw_lineage("alone", [], []))) == ["alone"]


def test_of_many_neighbours_some_are_shown_and_the_others_counted() -> None:
    found = places(draw_lineage("hub", [f"d{i:02}" for i in range(40)], []))
    assert "27 more" in found
    assert len(found) == 15


def test_a_dataset_may_stand_on_both_sides_and_names_are_escaped() -> None:
    svg = draw_lineage("a<b>", ["a<b>", "x"], ["x"])
    assert [e.text for e in ET.fromstring(svg).iter(f"{NS}text")].count("x") == 2
    assert draw_lineage("a<b>", ["a<b>", "x"], ["x"]) == svg

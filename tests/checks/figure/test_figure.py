"""Figures: what is drawn where, that anything may stand in a figure, and that no picture can do more than be seen."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.figure import draw

KINDS = ["histogram", "bars", "ladder", "line", "learning_curve", "slices", "stacks", "shares"]
KINDS += ["paired", "effects", "pairs", "evidence"]
NS = "{http://www.w3.org/2000/svg}"
ALLOWED_TAGS = {"svg", "title", "desc", "path", "rect", "circle", "text"}
ALLOWED = {
    *("role", "viewBox", "width", "height", "font-family", "font-size", "font-weight", "text-anchor"),
    *("d", "x", "y", "cx", "cy", "r", "fill", "fill-opacity", "opacity", "stroke", "stroke-width", "stroke-opacity"),
    *("stroke-linecap", "stroke-dasharray", "stroke-linejoin"),
}

LADDER: dict[str, Any] = {
    "kind": "ladder",
    "title": "baseline",
    "metric": "auc",
    "lower_is_better": False,
    "rates": {
        "train": {"estimate": 0.79, "low": 0.78, "high": 0.80},
        "train_dev": {"estimate": 0.72, "low": 0.70, "high": 0.74},
        "dev": {"estimate": 0.70, "low": 0.68, "high": 0.72},
        "test": {"estimate": 0.67, "low": 0.65, "high": 0.69},
    },
    "gaps": [
        {"name": "avoidable_bias", "value": None, "low": None, "high": None, "verdict": "not_applicable"},
        {"name": "variance", "value": 0.07, "low": 0.05, "high": 0.09, "verdict": "problem"},
        {"name": "data_mismatch", "value": 0.02, "low": -0.01, "high": 0.05, "verdict": "cannot_tell"},
        {"name": "overfitting_to_dev", "value": 0.03, "low": 0.0, "high": 0.06, "verdict": "fine"},
    ],
}
MONTHS = [f"2013-{month:02}" for month in range(1, 13)]


def parsed(figure: dict[str, Any]) -> ET.Element:
    """The picture as XML, once it is known to hold nothing but marks."""
    svg = draw(figure)
    root = ET.fromstring(svg)
    for element in root.iter():
        assert element.tag.removeprefix(NS) in ALLOWED_TAGS
        assert set(element.attrib) <= ALLOWED
    assert "nan" not in re.sub(r"<(title|desc|text)[^>]*>[^<]*", "", svg).lower()
    return root


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{NS}text")]


def dots(root: ET.Element, paint: str) -> list[float]:
    """Where the dots of one colour stand, from left to right."""
    marks = [
        e
        for e in root.iter(f"{NS}path")
        if e.get("stroke-linecap") and e.attrib["stroke"].startswith(f"var(--gm-{paint}")
    ]
    return sorted(float(x) for mark in marks for x in re.findall(r"M([\d.]+) [\d.]+h0", mark.attrib["d"]))


def steps(root: ET.Element) -> list[tuple[float, float]]:
    """Width and height of each bar of the filled series."""
    path = next(e for e in root.iter(f"{NS}path") if e.get("fill-opacity"))
    x, bottom = map(float, re.findall(r"M([\d.]+) ([\d.]+)", path.attrib["d"])[0])
    found = []
    for top, right in re.findall(r"V([\d.]+)H([\d.]+)", path.attrib["d"]):
        found.append((float(right) - x, bottom - float(top)))
        x = float(right)
    return found


def test_the_bar_of_twice_the_share_is_twice_as_high() -> None:
    root = parsed({"kind": "histogram", "title": "a", "edges": [0, 1, 2, 3], "series": {"train": [0.25, 0.5, 0.25]}})
    (_, low), (_, high), _ = steps(root)
    assert high == pytest.approx(2 * low, abs=0.2)


def test_bins_of_different_width_show_density_so_that_equal_areas_are_equal_shares() -> None:
    root = parsed({"kind": "histogram", "title": "a", "edges": [0, 1, 3], "series": {"train": [0.5, 0.5]}})
    (width, height), (wide, low) = steps(root)
    assert wide == pytest.approx(2 * width, rel=0.01)
    assert width * height == pytest.approx(wide * low, rel=0.01)


def test_an_axis_of_time_says_months_days_or_hours() -> None:
    def labels(*edges: str) -> list[str]:
        shares = {"train": [1 / (len(edges) - 1)] * (len(edges) - 1)}
        return texts(parsed({"kind": "histogram", "title": "a", "edges": list(edges), "series": shares}))

    assert {"2013-01", "2013-12"} <= set(labels("2013-01-01", "2013-06-01", "2013-12-01"))
    assert "2013-01-05" in labels("2013-01-01T00:00:00", "2013-01-05T00:00:00")
    assert "12:00" in labels("2013-01-01T00:00:00", "2013-01-01T12:00:00")
    assert labels("2013-01-01", "yesterday") == ["no data"]


def test_train_is_filled_dev_is_a_line_and_test_is_dashed() -> None:
    shares = {"train": [0.5, 0.5], "dev": [0.4, 0.6], "test": [0.6, 0.4]}
    root = parsed({"kind": "histogram", "title": "a", "edges": [0, 1, 2], "series": shares})
    looks = {e.attrib["stroke"]: e for e in root.iter(f"{NS}path") if "var(--gm" in e.get("stroke", "")}
    assert looks["var(--gm-train,#00736b)"].get("fill-opacity") or True
    assert any(e.get("fill") == "var(--gm-train,#00736b)" for e in root.iter(f"{NS}path"))
    assert looks["var(--gm-dev,#b3400a)"].get("stroke-dasharray") is None
    assert looks["var(--gm-test,#3f3d9e)"].get("stroke-dasharray")


def test_every_gap_of_the_ladder_stands_with_its_name_and_verdict() -> None:
    said = texts(parsed(LADDER))
    assert {"variance: problem", "data mismatch: cannot tell", "overfitting to dev: fine"} <= set(said)
    assert "avoidable bias: not applicable" in said
    assert "not declared" in said
    assert {"0.790", "0.720", "0.700", "0.670"} <= set(said)


def test_without_train_dev_the_step_from_train_to_dev_is_variance() -> None:
    rates = {name: row for name, row in LADDER["rates"].items() if name != "train_dev"}
    unknown = {"name": "data_mismatch", "value": None, "low": None, "high": None, "verdict": "not_applicable"}
    gaps = [unknown if gap["name"] == "data_mismatch" else gap for gap in LADDER["gaps"]]
    root = parsed(LADDER | {"rates": rates, "gaps": gaps})
    assert "variance: problem" in texts(root)
    assert "data mismatch: not applicable" not in texts(root)
    assert "variance 0.070, 0.050 to 0.090: problem" in (root.find(f"{NS}desc").text or "")


def test_the_rungs_stand_where_their_rates_are() -> None:
    places = [float(e.attrib["cx"]) for e in parsed(LADDER).iter(f"{NS}circle")]
    train, train_dev, dev, test = places
    assert train > train_dev > dev > test
    assert (train - train_dev) / (dev - test) == pytest.approx(7 / 3, abs=0.05)


def test_months_whose_whole_interval_is_beyond_the_tolerance_are_filled() -> None:
    figure = {
        "kind": "line",
        "title": "late",
        "x": MONTHS,
        "values": [0.01] * 8 + [0.11, 0.06, 0.01, 0.09],
        "low": [0.0] * 8 + [0.09, 0.04, 0.0, 0.07],
        "high": [0.03] * 8 + [0.13, 0.08, 0.03, 0.11],
        "tolerance": 0.05,
    }
    root = parsed(figure)
    filled, open_ = dots(root, "bad"), dots(root, "train")
    assert len(filled) == 2
    assert len(open_) == 10
    assert filled[0] == pytest.approx((open_[7] + open_[8]) / 2, abs=0.1)  # the ninth stands after eight open ones
    assert "beyond the tolerance of 0.05: 2013-09, 2013-12" in (root.find(f"{NS}desc").text or "")


def test_a_month_without_a_value_breaks_the_line() -> None:
    root = parsed({"kind": "line", "title": "a", "x": ["1", "2", "3", "4"], "values": [1, 2, None, 3]})
    lines = [
        e
        for e in root.iter(f"{NS}path")
        if (e.get("stroke", "").startswith("var(--gm-train") and "L" in e.attrib["d"]) or e.get("stroke-width") == "1.6"
    ]
    assert len(lines) == 2
    assert len(dots(root, "train")) == 3


def test_levels_beyond_the_first_are_one_row_that_says_how_many() -> None:
    labels = [f"level {i}" for i in range(40)]
    said = texts(parsed({"kind": "bars", "title": "a", "labels": labels, "series": {"train": [1 / 40] * 40}}))
    assert "29 more" in said
    assert "73 %" in said


@pytest.mark.parametrize("kind", [*KINDS, "hologram"])
def test_a_figure_of_nothing_says_so(kind: str) -> None:
    root = parsed({"kind": kind, "title": "nothing"})
    assert len(texts(root)) == 1
    assert root.find(f"{NS}title").text == "nothing"
    assert root.find(f"{NS}desc").text == texts(root)[0]


def test_what_turns_writing_around_and_control_characters_are_left_out() -> None:
    svg = draw(
        {"kind": "bars", "title": "a\x00\x1b\u202eb<script>", "labels": ["\x07<&\"'"], "series": {"train": [1.0]}}
    )
    assert "<script" not in svg
    assert "ab&lt;script&gt;" in svg
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", svg)


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert draw(LADDER) == draw(dict(reversed(LADDER.items())))


def test_pictures_are_small() -> None:
    edges, shares = [i * 1.37 for i in range(41)], [0.025] * 40
    wide = dict.fromkeys(("train", "train_dev", "dev", "test"), shares)
    assert len(draw({"kind": "histogram", "title": "a", "edges": edges, "series": wide})) < 8192
    labels = [f"a rather long level {i}" for i in range(30)]
    levels = {name: [0.03] * 30 for name in wide}
    assert len(draw({"kind": "bars", "title": "a", "labels": labels, "series": levels, "missing": {"dev": 0.1}})) < 8192
    assert len(draw(LADDER)) < 8192


anything = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12))
shares = st.dictionaries(
    st.text(max_size=8) | st.sampled_from(["train", "dev", "test"]), st.lists(anything, max_size=6), max_size=5
)
rates = st.fixed_dictionaries({}, optional={"estimate": anything, "low": anything, "high": anything, "n": anything})
asked = st.dictionaries(
    st.sampled_from(["train", "dev", "test", "other"]),
    st.dictionaries(st.sampled_from(["asked", "got", "low", "high", "n"]), anything | st.floats(0, 1)),
)
moved = st.fixed_dictionaries(
    {"label": anything},
    optional={
        **dict.fromkeys(("estimate", "low", "high", "reference", "current"), anything | st.floats(-1, 1)),
        **dict.fromkeys(("verdict", "meaning"), anything),
    },
)
figures = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "title": anything,
    },
    optional={
        "x": st.lists(anything, max_size=6) | anything,
        "y": anything,
        "edges": st.lists(st.floats() | st.integers(), max_size=7).map(sorted)
        | st.lists(st.datetimes().map(datetime.isoformat), max_size=7).map(sorted)
        | anything,
        "labels": st.lists(anything, max_size=6) | anything,
        "series": shares | asked | anything,
        "missing": st.dictionaries(st.sampled_from(["train", "dev", "a"]), anything) | anything,
        "metric": anything,
        "lower_is_better": anything,
        "rates": st.dictionaries(st.sampled_from(["human", "train", "train_dev", "dev", "test"]), rates | anything),
        "gaps": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["avoidable_bias", "variance", "data_mismatch"]) | anything},
                optional={"value": anything, "low": anything, "high": anything, "verdict": anything},
            ),
            max_size=4,
        ),
        "values": st.lists(anything, max_size=6),
        "low": st.lists(anything, max_size=6),
        "high": st.lists(anything, max_size=6),
        "tolerance": anything,
        "n": st.lists(anything, max_size=6),
        "train": st.lists(rates, max_size=6) | anything,
        "dev": st.lists(rates, max_size=6),
        "estimates": st.lists(rates, max_size=6) | anything,
        "overall": anything,
        "rows": st.lists(moved | anything, max_size=4) | anything,
        "leading": st.lists(anything, max_size=6) | anything,
        "alarm_at": anything | st.floats(0, 100),
        "n_more": anything,
    },
)


@settings(max_examples=400, deadline=None)
@given(figures)
def test_whatever_stands_in_a_figure_the_picture_is_sound(figure: dict[str, Any]) -> None:
    root = parsed(figure)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for element in root.iter(f"{NS}path"):
        for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", element.attrib["d"]):
            assert -1 <= float(x) <= width + 1
            assert -1 <= float(y) <= height + 1


def placed(figure: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Where each text stands."""
    return {e.text or "": (float(e.attrib["x"]), float(e.attrib["y"])) for e in parsed(figure).iter(f"{NS}text")}


def test_an_axis_of_a_column_of_one_year_has_that_year_and_no_part_of_it() -> None:
    year = {"kind": "histogram", "title": "year", "edges": [2012.5, 2013.5], "series": {"train": [1.0]}}
    assert "2013" in placed(year | {"is_whole": True})
    assert not any("2,01" in said for said in placed(year | {"is_whole": True}))
    assert any("2,01" in said for said in placed(year))  # a quantity with decimal places keeps them


def test_a_low_tolerance_stays_clear_of_the_last_month() -> None:
    values: dict[str, Any] = {"values": [0.3] * 12, "low": [0.2] * 12, "high": [0.6] * 12}
    found = placed({"kind": "line", "title": "x", "x": MONTHS, "tolerance": 0.02, **values})
    assert found["2013-12"][1] - found["0.02"][1] >= 12  # the height of a line of text


STACKS: dict[str, Any] = {
    "kind": "stacks",
    "title": "rows by split over time",
    "unit": "month",
    "x": MONTHS,
    "series": {
        "train": [200] * 9 + [0] * 3,
        "dev": [0] * 9 + [100] * 3,
        "test": [0] * 9 + [50] * 3,
        "unused": [50] * 12,
    },
}


def bars_of(root: ET.Element, paint: str) -> list[tuple[float, float, float]]:
    """Middle, foot and top of each bar of one colour."""
    marks = [e.attrib["d"] for e in root.iter(f"{NS}path") if e.get("stroke", "").startswith(f"var(--gm-{paint}")]
    drawn = max(marks, key=len)  # the others are in the key
    return [(float(x), float(foot), float(top)) for x, foot, top in re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)", drawn)]


def test_splits_stand_on_each_other_as_high_as_they_have_rows() -> None:
    root = parsed(STACKS)
    train, dev, test = (bars_of(root, name) for name in ("train,", "dev,", "test,"))
    assert (len(train), len(dev), len(test)) == (9, 3, 3)
    assert train[0][1] - train[0][2] == pytest.approx(2 * (dev[0][1] - dev[0][2]), abs=0.2)
    assert [(x, top) for x, _, top in dev] == [(x, foot) for x, foot, _ in test]
    assert {"train", "dev", "test", "unused", "2013-01", "rows by month"} <= set(texts(root))


def test_each_split_has_a_texture_of_its_own() -> None:
    splits = {name: [1, 1] for name in ("train", "train_dev", "dev", "test")}
    marks = list(parsed({"kind": "stacks", "title": "t", "x": ["a", "b"], "series": splits}).iter(f"{NS}path"))
    names = ("train,", "train-dev,", "dev,", "test,")
    looks = {
        name: tuple(
            (e.get("stroke-opacity"), e.get("stroke-dasharray"))
            for e in marks
            if e.get("stroke", "").startswith(f"var(--gm-{name}")
        )
        for name in names
    }
    assert len(set(looks.values())) == 4


def test_the_picture_over_time_says_when_each_split_has_rows() -> None:
    told = parsed(STACKS).find(f"{NS}desc").text or ""
    assert "train 1,800 rows from 2013-01 to 2013-09" in told
    assert "test 150 rows from 2013-10 to 2013-12" in told


def test_pictures_of_splits_are_small() -> None:
    many = {"x": [f"2013-01-{i:02}" for i in range(1, 37)]}
    series = dict.fromkeys(("train", "train_dev", "dev", "test", "unused"), [12_345] * 36)
    assert len(draw(STACKS | many | {"series": series})) < 8192


SHARES: dict[str, Any] = {
    "kind": "shares",
    "title": "asked and got",
    "series": {
        "train": {"asked": 0.8, "got": 0.7926, "low": 0.742, "high": 0.837, "n": 237},
        "test": {"asked": 0.2, "got": 0.2074, "low": None, "high": None, "n": 62},
    },
}


def test_what_was_asked_and_got_stands_beside_each_bar() -> None:
    root = parsed(SHARES)
    assert {"79.3 %", "80.0 %", "20.7 %", "20.0 %"} <= set(texts(root))
    told = root.find(f"{NS}desc").text or ""
    assert "train got 79.3 % (74.2 % to 83.7 %), asked 80.0 %; test got 20.7 %, asked 20.0 %" in told


EFFECTS: dict[str, Any] = {
    "kind": "effects",
    "title": "dev against train",
    "tolerance": 0.02,
    "rows": [
        {"label": "temp", "estimate": 0.3, "low": 0.11, "high": 0.43, "verdict": "shifted"},
        {"label": "dewp", "estimate": 0.21, "low": 0.0, "high": 0.33, "verdict": "cannot tell"},
    ],
}


def test_effects_stand_in_their_order_with_their_verdict_in_words_beside_the_tolerance() -> None:
    found = placed(EFFECTS)
    assert found["temp"][1] < found["dewp"][1]
    assert {"0.300 shifted", "0.210 cannot tell", "tolerance 0.02"} <= set(found)
    said = parsed(EFFECTS).find(f"{NS}desc").text
    assert "temp 0.300 (0.110 to 0.430) shifted" in said


def test_levels_that_changed_most_have_two_bars_with_their_shares() -> None:
    series = {"train": [0.1, 0.6], "dev": [0.5, 0.2]}
    figure = {"kind": "paired", "title": "carrier", "labels": ["UA", "AA"], "n_more": 3, "series": series}
    said = texts(parsed(figure))
    assert {"train", "dev", "UA", "10 %", "50 %", "and 3 more, which changed less"} <= set(said)


def test_pairs_say_what_their_change_means() -> None:
    row = {"label": "x and y", "meaning": "relation to the target", "reference": 0.8, "current": -0.1}
    root = parsed({"kind": "pairs", "title": "pairs", "rows": [row]})
    assert {"x and y", "relation to the target", "reference", "current"} <= set(texts(root))
    before, now = (float(e.attrib["cx"]) for e in root.iter(f"{NS}circle") if float(e.attrib["cy"]) > 20)
    assert now < before


def test_the_watch_names_who_leads_where_an_alarm_begins() -> None:
    days = [f"2024-01-{day:02}" for day in range(1, 31)]
    values = [1.0] * 10 + [100.0] * 5 + [2.0] * 15
    figure = {"kind": "evidence", "title": "evidence by day", "x": days, "values": values, "alarm_at": 20.0}
    root = parsed(figure | {"leading": ["temp"] * 30})
    assert {"alarm at 20", "alarm: temp"} <= set(texts(root))
    assert len(dots(root, "bad")) == 5
    assert "alarm from 2024-01-11 to 2024-01-15, led by temp" in root.find(f"{NS}desc").text
    assert len(draw(figure | {"x": days * 12, "values": values * 12})) < 10_240  # a year

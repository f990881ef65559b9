from __future__ import annotations

from datetime import UTC, datetime, timedelta

import gristmill as gm
import pytest

from pipelines.views_status import _next

TODAY = datetime.now(UTC).date()
SOON, LATER, PAST = (str(TODAY + timedelta(days)) for days in (30, 400, -1))


@pytest.fixture
def shop(make_project, run_project, monkeypatch):
    """A version with one warning: all its labels are one."""
    rows = "".join(f"{i},1\n" for i in range(60))
    root = make_project(
        {"shop.yaml": "source: shop.csv\nkey: id\ntarget: y\nmodels: {}\n"}, {"shop.csv": f"id,y\n{rows}"}
    )
    run_project(root)
    monkeypatch.chdir(root)
    return root


def test_a_warning_is_silent_until_a_day_and_shown_with_its_reason(shop, gristmill) -> None:
    assert "1 warning" in repr(gm.dataset("shop"))
    done = gristmill("accept", "shop", "TARGET1", "--until", SOON, "--why", "labels come in May")
    assert (done.code, f"TARGET1 accepted until {SOON}" in done.out) == (0, True)
    assert "0 warnings" in repr(gm.dataset("shop"))
    shown = gristmill("show", "shop").out
    assert "labels come in May" in shown
    assert "! TARGET1" in shown
    again = gristmill("accept", "shop", "TARGET1", "--until", SOON, "--why", "in June\nat last")
    assert f": in June at last\n  in place of: accepted until {SOON}" in again.out
    assert gristmill("accept", "shop", "target1", "--undo").code == 0
    assert "1 warning" in repr(gm.dataset("shop"))


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (("shop", "TARGT1", "--until", SOON, "--why", "x"), 4, "did you mean 'TARGET1'"),
        (("shopp", "TARGET1", "--until", SOON, "--why", "x"), 4, "did you mean 'shop'"),
        (("shop", "TARGET1", "--until", PAST, "--why", "x"), 2, "that day is past"),
        (("shop", "TARGET1", "--until", LATER, "--why", "x"), 2, "more than 366 days away"),
        (("shop", "TARGET1", "--until", "May", "--why", "x"), 2, "'May' is no day"),
        (("shop", "TARGET1", "--until", SOON), 2, "there is no reason"),
        (("shop", "TARGET1", "--why", "x"), 2, "does not hold the newest build back"),
        (("shop", "SPLIT2", "--undo"), 2, "it is not accepted.\nHint: nothing of 'shop' is accepted"),
        (("shop", "TARGET1", "--undo", "--why", "x"), 2, "Say either until when, or `--undo`"),
        (
            ("shop", "SHIFT5", "--until", SOON, "--why", "x"),
            2,
            "it tells and never warns.\nHint: what warns now is",
        ),
        (("shop", "SHIFT6", "--until", SOON, "--why", "x"), 2, "it is asked of two tables, not of a dataset"),
        (("shop", "BIAS1", "--until", SOON, "--why", "x"), 2, "it is asked of models, not of a dataset"),
        (("shop", "LEAK1", "--until", SOON, "--why", "x"), 2, "it blocks and never warns"),
        (
            ("shop", "WATCH1", "--until", SOON, "--why", "x"),
            2,
            "it is not asked of this dataset: the dataset has",
        ),
    ],
)
def test_what_cannot_be_accepted_says_so(shop, gristmill, said, code, words) -> None:
    done = gristmill("accept", *said)
    assert done.code == code
    assert words in done.err


def test_what_blocks_the_newest_build_cannot_be_accepted(shop, run_project, gristmill) -> None:
    yaml = shop / "datasets" / "shop.yaml"
    yaml.write_text(yaml.read_text("utf-8") + "query: select id, y, y as told from shop\n", "utf-8")
    (shop / "shop.csv").write_text("id,y\n" + "".join(f"{i},{i % 2}\n" for i in range(400)), "utf-8")
    (blocked,) = run_project(shop).datasets
    assert blocked.blocked_by == ["LEAK3"]
    done = gristmill("accept", "shop", "LEAK3", "--until", SOON, "--why", "x")
    assert (done.code, "it blocks the newest build, and what blocks is mended" in done.err) == (2, True)
    once = gristmill("accept", "shop", "LEAK3", "--why", "x")
    assert (once.code, "it blocks, and what blocks is mended" in once.err) == (2, True)


@pytest.mark.parametrize(
    ("codes", "commands"),
    [
        (
            ["SHIFT4"],
            ["gristmill shift shop --held-back", "gristmill accept shop SHIFT4 --why WHY", "gristmill run shop"],
        ),
        (["SHIFT4", "LEAK1"], ["gristmill run shop"]),
    ],
)
def test_status_names_the_way_past_a_gate_where_nothing_is_broken(codes, commands) -> None:
    row = {"name": "shop", "status": "blocked"}
    assert _next(row, [{"code": code} for code in codes], is_fault=False) == commands

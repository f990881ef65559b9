"""The catalog in a browser: what people do in it, with JavaScript and without, and axe-core over every page.

Needs a Chromium on the machine (Debian: `apt-get install chromium`) and, for axe, `npm pack axe-core`: neither is ours to
ship. What is absent is skipped with its name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assets.project import Project
from pipelines.web.serve import make_server
from pipelines.web.site import export_site
from warehouse.client import Warehouse

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = "axe-core@4.14.1"
# A scroll region is reached by keyboard; what is left is best practice that no person stumbles over.
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1200, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1200, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory, shop_for_readers: Path, made: SimpleNamespace) -> Iterator[Callable[[], str]]:
    """Serves the shop with facts made up; each call is the address that lets one browser in."""
    root = tmp_path_factory.mktemp("served") / "shop"
    shutil.copytree(shop_for_readers, root)
    (root / "datasets" / "waiting.yaml").write_text("source: churn.csv\n", "utf-8")
    (root / "datasets" / "wrong.yaml").write_text("sauce: churn.csv\n", "utf-8")
    with Warehouse(Project.open(root).settings) as warehouse:
        version = warehouse.meta.versions("churn")[-1]
        columns = {name: made.numeric_column(name, moves=True) for name in version.columns}
        columns["city"] = made.category_column("city", ["Bern", "Basel"])
        made.set_columns(warehouse.meta, version, columns)
        made.set_comparisons(warehouse.meta, version, made.shift_of_splits(list(version.columns)))
        made.add_model(warehouse.meta, version)
        made.add_model(warehouse.meta, version, "lost", status="failed", error="No module named 'lost'.", hint="mend it")
    running: list[tuple[Any, threading.Thread]] = []

    def serve() -> str:
        server = make_server(root)
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        return server.url

    yield serve
    for server, thread in running:
        server.stop()
        thread.join(10)


@pytest.fixture
def opened(chromium: Any, catalog: Callable[[], str]) -> Iterator[Callable[..., Any]]:
    """`opened(**context)` is a page that was let in; every request and word of the console is kept on it."""
    contexts = []

    def open_page(**context: Any) -> Any:
        contexts.append(chromium.new_context(**context))
        page = contexts[-1].new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(catalog())
        return page

    yield open_page
    for context in contexts:
        context.close()


def read_the_shift(page: Any) -> None:
    """Open churn, go to its shift, and from the column that moved most to its picture."""
    page.get_by_role("link", name="churn", exact=True).first.click()
    page.get_by_role("link", name="Shift", exact=True).click()
    table = page.get_by_role("region", name="Shift from train → dev")
    assert "shifted, as declared" in table.inner_text()
    table.get_by_role("link", name="id", exact=True).click()
    assert page.locator("#column-id svg").is_visible()
    assert "distance 0.410" in page.locator("#column-id").inner_text()


def test_search_read_the_shift_and_copy_a_snippet(opened: Any) -> None:
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_label("Search names").press_sequentially("spent")
    page.wait_for_url("**/?q=spent*")
    page.wait_for_function("document.querySelectorAll('#results tbody tr').length === 1")
    read_the_shift(page)
    page.locator(".snippet", has_text="select * from").first.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "select * from churn_v1.train limit 5"
    assert page.complaints == []
    assert {url.split("/")[2] for url in page.asked} == {page.url.split("/")[2]}


def test_without_javascript_it_does_the_same(opened: Any) -> None:
    page = opened(java_script_enabled=False)
    page.get_by_label("Search names").fill("spent")
    page.get_by_role("button", name="Search").click()
    assert "1 of 3 datasets" in page.locator("#results").inner_text()
    read_the_shift(page)
    assert not page.get_by_role("button", name="Copy").first.is_visible()
    snippet = page.locator(".snippet", has_text="select * from").first
    assert snippet.inner_text().strip() == "select * from churn_v1.train limit 5"


def test_facets_narrow_as_they_are_chosen(opened: Any) -> None:
    page = opened()
    page.get_by_label("failing").check()
    page.wait_for_function("document.querySelectorAll('#results tbody tr').length === 1")
    assert "wrong" in page.locator("#results").inner_text()
    page.go_back()
    assert page.complaints == []


def test_a_page_as_a_file_opens_without_a_server(chromium: Any, known: Path, tmp_path: Path) -> None:
    project = Project.open(known)
    with Warehouse(project.settings) as warehouse:
        index = export_site(project, warehouse.meta, ["churn"], tmp_path / "site")[0]
    context = chromium.new_context(offline=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(index.as_uri())
    read_the_shift(page)
    assert page.locator(".bar").evaluate("e => getComputedStyle(e).borderBottomStyle") == "solid"
    assert complaints == []
    context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe-core, fetched once by npm into the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gristmill-tests"
    script = cache / f"{AXE}.js"
    if not script.is_file():
        if shutil.which("npm") is None:
            pytest.skip("no npm on this machine to fetch axe-core with")
        cache.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "pack", "--silent", AXE], cwd=cache, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm could not fetch {AXE}")
        with tarfile.open(cache / done.stdout.split()[-1]) as packed:
            member = packed.extractfile("package/axe.min.js")
            assert member
            script.write_bytes(member.read())
    return script.read_text("utf-8")


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(opened: Any, axe: str, look: str) -> None:
    page = opened(bypass_csp=True, **LOOKS[look])
    base = page.url
    paths = ["", "?q=nothing", "datasets/churn", "datasets/waiting", "datasets/wrong", "models/churn-1-baseline", "nowhere"]
    page.goto(base + "datasets/churn")
    paths.append(page.locator('a[href^="/runs/"]').first.get_attribute("href")[1:])
    for path in paths:
        page.goto(base + path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.evaluate(axe)
        found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", STANDARDS)
        told = [f"{v['id']}: {n['html'][:160]} {n['failureSummary']}" for v in found["violations"] for n in v["nodes"]]
        assert told == [], f"{look} {path}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{look} {path} scrolls sideways"

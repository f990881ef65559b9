"""The pages by what they are about, as HTML: the same for a server and for files.

Addresses and answers of a server are `app`, names of files are `site`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from pipelines.web import facts_dataset, facts_home, facts_models, facts_runs
from pipelines.web.catalog import Catalog
from pipelines.web.render import Links, page
from warehouse.records import now


def home_page(catalog: Catalog, links: Links, query: Mapping[str, str]) -> str:
    """The datasets, searched."""
    facts = facts_home.home(catalog, facts_home.Search.of(query), now())
    return page("home.html", links, catalog.name, **facts)


def listing_page(catalog: Catalog, links: Links, names: Sequence[str]) -> str:
    """Some of the datasets, for a site of files, which cannot be searched."""
    rows = [row for row in facts_home.rows_of(catalog) if row["name"] in names]
    facts = {"rows": rows, "n_found": len(rows), "n_all": len(rows), "page": 1, "n_pages": 1, "is_read": True}
    n_failing = sum(row["status"] in facts_home.FAILING for row in rows)
    return page("home.html", links, catalog.name, n_failing=n_failing, **facts)


def dataset_page(catalog: Catalog, links: Links, name: str, columns: int | None) -> str | None:
    """A dataset with a page of its columns (all of them with None); None when there is no such dataset."""
    facts = facts_dataset.dataset(catalog, name, now(), page=columns)
    return page("dataset.html", links, catalog.name, **facts) if facts else None


def run_page(catalog: Catalog, links: Links, run_id: str, number: int = 1) -> str | None:
    """A pipeline run with a page of its datasets; None when there is no such run."""
    facts = facts_runs.run(catalog, run_id, page=number)
    return page("run.html", links, catalog.name, **facts) if facts else None


def model_page(catalog: Catalog, links: Links, model_run_id: str) -> str | None:
    """A model run; None when there is no such run."""
    run = facts_models.model_run(catalog.meta, model_run_id)
    return page("model.html", links, catalog.name, run=run) if run else None


def missing_page(catalog: Catalog, links: Links, what: str, name: str) -> str:
    """What is said of a name that is not there, with the names that are close to it."""
    known = [row["name"] for row in facts_home.rows_of(catalog)] if what == "dataset" else []
    close = [(word, links.dataset(word)) for word in get_close_matches(name, known, n=3)]
    said = f"No {what} named {name[:100]!r} among {len(known):,} datasets." if what == "dataset" else f"No {what} {name[:100]!r}."
    return page("missing.html", links, catalog.name, said=said, close=close)

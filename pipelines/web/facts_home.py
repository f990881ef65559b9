"""The home page's facts: which datasets there are, searched and narrowed.

How they look does not belong here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipelines.web.catalog import Catalog
from warehouse.schema import INCIDENTS

PAGE = 50
FAILING = ("failed", "blocked", "broken", "skipped", "model failed")
FRESH = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
MOST_FACETS = 40


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a reader asked for: the home page's form."""

    q: str = ""
    owner: str = ""
    tag: str = ""
    fresh: str = ""
    failing: bool = False
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Search:
        """The search that the parameters of an address say; what cannot be understood is left out.

        >>> Search.of({"q": "wind", "page": "x", "fresh": "never"})
        Search(q='wind', owner='', tag='', fresh='', failing=False, page=1)
        """
        page = query.get("page", "1")
        return cls(
            q=query.get("q", "")[:200].strip(),
            owner=query.get("owner", ""),
            tag=query.get("tag", ""),
            fresh=query["fresh"] if query.get("fresh") in FRESH else "",
            failing=query.get("failing") == "1",
            page=int(page) if page.isascii() and page.isdigit() and 1 <= len(page) <= 6 else 1,
        )

    def parameters(self, **changed: Any) -> dict[str, str]:
        """As the parameters of an address; what is as it is by default is left out."""
        values: dict[str, Any] = {**vars(self), **changed}
        told = {name: "1" if value is True else str(value) for name, value in values.items() if value}
        return {name: value for name, value in told.items() if (name, value) != ("page", "1")}


def home(catalog: Catalog, search: Search, now: datetime) -> dict[str, Any]:
    """The datasets that are found, one page of them, and what there is to narrow by."""
    rows = rows_of(catalog)
    with_column = catalog.meta.datasets_with_column(search.q) if search.q else set()
    found = [row for row in rows if _is_found(row, search, now, with_column)]
    n_pages = max(1, -(-len(found) // PAGE))
    page = min(max(search.page, 1), n_pages)
    return {
        "rows": found[(page - 1) * PAGE : page * PAGE],
        "n_found": len(found),
        "n_all": len(rows),
        "n_failing": sum(row["status"] in FAILING for row in rows),
        "page": page,
        "n_pages": n_pages,
        "search": search,
        "owners": _counted(rows, "owners"),
        "tags": _counted(rows, "tags"),
        "is_read": catalog.is_read,
    }


def rows_of(catalog: Catalog) -> list[dict[str, Any]]:
    """One row a dataset, by name."""
    return catalog.cached("home", lambda: _rows(catalog))


def _rows(catalog: Catalog) -> list[dict[str, Any]]:
    versions = {row["dataset"]: row for row in catalog.meta.newest_versions()}
    ended = catalog.meta.newest_statuses("run")
    rows = []
    for name in sorted({*catalog.names, *versions, *ended}):
        spec, version = catalog.spec(name), versions.get(name)
        rows.append(
            {
                "name": name,
                "description": spec.description if spec else "",
                "owners": spec.owners if spec else (),
                "tags": spec.tags if spec else (),
                "version": version["version"] if version else None,
                "n_rows": version["n_rows"] if version else None,
                "updated_at": version["created_at"] if version else None,
                "text": " ".join((name, spec.description, *spec.owners, *spec.tags)).lower() if spec else name,
                "status": status_of(catalog, name, ended.get(name), has_version=version is not None),
            }
        )
    return rows


def status_of(catalog: Catalog, name: str, ended: str | None, *, has_version: bool) -> str:
    """How its newest run ended, or `not run`, `broken`, `removed` (its file), `model failed` (of a published one)."""
    if catalog.problems(name):
        return "broken"
    if ended in {"blocked", "failed", "skipped"}:
        return ended
    if not has_version:
        return "not run"
    if catalog.is_read and name not in catalog.names:
        return "removed"
    return "model failed" if name in catalog.cached("incidents", lambda: _open_incidents(catalog)) else "published"


def _open_incidents(catalog: Catalog) -> set[str]:
    """The datasets of which something failed since they were well: of a published one, a model."""
    return {row["dataset"] for row in catalog.meta.rows(INCIDENTS) if row["closed_at"] is None}


def _is_found(row: Mapping[str, Any], search: Search, now: datetime, with_column: set[str]) -> bool:
    if search.failing and row["status"] not in FAILING:
        return False
    if (search.owner and search.owner not in row["owners"]) or (search.tag and search.tag not in row["tags"]):
        return False
    if search.fresh and (row["updated_at"] is None or now - row["updated_at"] > FRESH[search.fresh]):
        return False
    if not search.q or row["name"] in with_column:
        return True
    return all(word in row["text"] for word in search.q.lower().split())


def _counted(rows: list[dict[str, Any]], key: str) -> list[tuple[str, int]]:
    counted = Counter(value for row in rows for value in row[key])
    return sorted(counted.most_common(MOST_FACETS))

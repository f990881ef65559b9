"""How a run ended, dataset by dataset, as scripts get it.

What a run does is `assets.run`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

# What the command line needs to know and scripts do not get.
HIDDEN = frozenset({"exit_code", "fault", "is_busy", "retry", "file"})


@dataclass(kw_only=True)
class DatasetResult:
    """How a run ended for one dataset, as scripts get it.

    Attributes:
        name: The dataset.
        status: `published`, `unchanged`, `blocked`, `failed` or `skipped`.
        blocked_by: Codes of the findings that failed.
        version: The version that readers have now, or None.
        models: The models that were judged, as `gristmill diagnose` tells them.
        error: Why it failed or was skipped.
        report: The file of its page, relative to the project; None when nothing was done.
    """

    name: str
    status: str = "unchanged"
    blocked_by: list[str] = field(default_factory=list)
    version: int | None = None
    n_rows_ingested: int = 0
    n_rows_accepted: int = 0
    n_rows_rejected: int = 0
    n_unlabelled: int = 0
    seconds: float = 0.0
    steps: list[dict[str, Any]] = field(default_factory=list)
    splits: list[dict[str, Any]] = field(default_factory=list)
    unused: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    hint: str | None = None
    report: str | None = None
    exit_code: int = 0
    fault: Exception | None = None
    is_busy: bool = False
    retry: bool = False
    file: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The result as JSON types."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in HIDDEN}


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """How a run ended."""

    run_id: str
    datasets: tuple[DatasetResult, ...]

    @property
    def exit_code(self) -> int:
        """0: all is well; 1: something failed; 2: a file cannot be understood; 3: a finding blocks. The first wins."""
        codes = {result.exit_code for result in self.datasets}
        return next((code for code in (1, 2, 3) if code in codes), max(codes, default=0))

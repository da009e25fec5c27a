"""Workspaces: directories that live as long as the session of a client."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from respo.ave.exceptions import NoSuch
from respo.ave.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Workspace", "tools_of"]


class Workspace:
    """A directory on this machine.

    It is deleted with everything in it when it is yielded, or with its broker.

    Attributes:
        profile: ``type``, ``uid``, ``root`` (where the directory is) and ``tools`` (a map from the
            names that
            were asked for to paths).
        path: The directory.

    """

    def __init__(self, tools: Mapping[str, str]) -> None:
        """Make the directory, below the directory for temporary files."""
        root = Path(tempfile.gettempdir())
        self.path = tempfile.mkdtemp(
            prefix=f"workspace-{secrets.randbelow(10**10):010d}-", dir=root
        )
        self.profile = Profile(
            {
                "type": "workspace",
                "uid": Path(self.path).name,
                "root": str(root),
                "tools": dict(tools),
            }
        )

    def get_profile(self) -> Profile:
        """Return the profile."""
        return self.profile

    def get_path(self) -> str:
        """Return the directory."""
        return self.path

    def make_tempdir(self) -> str:
        """Make a new directory in it, and return its path."""
        return tempfile.mkdtemp(dir=self.path)

    def delete(self) -> None:
        """Delete the directory and everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def __repr__(self) -> str:
        """Show where it is."""
        return f"<workspace {self.path}>"


def tools_of(profile: Mapping[str, Any]) -> dict[str, str]:
    """Return the paths of the tools that the profile of a new workspace asks for.

    Raises:
        NoSuch: If one is not installed on this machine, or something else is asked for.

    """
    odd = sorted(profile.keys() - {"type", "tools"})
    if odd:
        message = (
            f"no such workspace: {odd[0]} is {profile[odd[0]]!r}; a new one has nothing but tools, "
            "and a uid is that of a workspace of the same broker"
        )
        raise NoSuch(message)
    tools = {}
    for tool in profile.get("tools", ()):
        path = shutil.which(tool)
        if path is None:
            message = f"no such workspace: the tool {tool!r} is not on the path of this machine"
            raise NoSuch(message)
        tools[str(tool)] = path
    return tools

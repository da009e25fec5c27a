"""Where counts are kept: in a file that the processes of a machine share."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_PATIENCE = 30.0
"""For how many seconds other processes may keep the file."""

_TABLES = (
    "CREATE TABLE IF NOT EXISTS members (name TEXT, value TEXT, PRIMARY KEY (name, value))",
    "CREATE TABLE IF NOT EXISTS numbers (name TEXT, key TEXT, amount, PRIMARY KEY (name, key))",
)
_ADD = (
    "INSERT INTO numbers VALUES (?, ?, ?)"
    " ON CONFLICT (name, key) DO UPDATE SET amount = amount + excluded.amount"
)


class FileCounters:
    """Counts in an SQLite file, for any process and thread of this machine.

    Args:
        path: The file; it is made where it does not exist.

    Raises:
        sqlite3.Error: By any of its methods, if the file cannot be used.

    Example:
        >>> import functools, tempfile
        >>> counters = FileCounters(tempfile.mktemp(suffix=".counts"))
        >>> with Lock("a", reporter_class=functools.partial(reporter.Reporter, client=counters)):
        ...     pass
        >>> reporter.Query(counters).aspect("key", "a", "lock_acquire_count")
        1

    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def sadd(self, name: str, *values: str) -> None:
        """Add to a set."""
        with self._database() as database:
            rows = [(name, str(value)) for value in values]
            database.executemany("INSERT OR IGNORE INTO members VALUES (?, ?)", rows)

    def smembers(self, name: str) -> set[str]:
        """Return what is in a set."""
        with self._database() as database:
            rows = database.execute("SELECT value FROM members WHERE name = ?", (name,))
            return {str(value) for (value,) in rows}

    def hincrby(self, name: str, key: str, amount: float) -> None:
        """Add to a number of a map."""
        with self._database() as database:
            database.execute(_ADD, (name, key, amount))

    hincrbyfloat = hincrby

    def hgetall(self, name: str) -> Mapping[str, str]:
        """Return a map, its numbers as texts."""
        with self._database() as database:
            rows: Any = database.execute("SELECT key, amount FROM numbers WHERE name = ?", (name,))
            return {str(key): repr(amount) for key, amount in rows}

    def flushdb(self) -> None:
        """Forget everything."""
        with self._database() as database:
            database.execute("DELETE FROM members")
            database.execute("DELETE FROM numbers")

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction: a connection may not cross threads or forks."""
        database = sqlite3.connect(str(self._path), timeout=_PATIENCE)
        try:
            with database:
                for table in _TABLES:
                    database.execute(table)
                yield database
        finally:
            database.close()

    def __repr__(self) -> str:
        """Show the file."""
        return f"FileCounters({str(self._path)!r})"

"""What the stand-ins beside the telephone company keep: rows of JSON in one SQLite file, that survive a restart."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

Row = dict[str, Any]
SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS notes_of ON notes (kind, name, id);
"""


class Notebook:
    """Notes of a kind, each with a name that need not be its own. One connection behind a lock."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    def add(self, kind: str, name: str, row: Row) -> int:
        with self._lock:
            made = self._db.execute(
                "INSERT INTO notes (kind, name, body) VALUES (?, ?, ?)", [kind, name, json.dumps(row)]
            )
            return int(made.lastrowid or 0)

    def change(self, id: int, row: Row) -> None:
        with self._lock:
            self._db.execute("UPDATE notes SET body = ? WHERE id = ?", [json.dumps(row), id])

    def all(self, kind: str, name: str | None = None) -> list[Row]:
        """Return the notes of that kind, and name if one is given, oldest first, each with its `id`."""
        where, values = ("kind = ? AND name = ?", [kind, name]) if name is not None else ("kind = ?", [kind])
        with self._lock:
            rows = self._db.execute(
                f"SELECT id, name, body FROM notes WHERE {where} ORDER BY id",  # noqa: S608 -- our own words
                values,
            ).fetchall()
        return [json.loads(body) | {"id": id, "name": known} for id, known, body in rows]

    def one(self, kind: str, name: str) -> Row | None:
        found = self.all(kind, name)
        return found[-1] if found else None

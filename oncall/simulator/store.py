"""The telephone company's store: one SQLite file that survives a restart, one connection shared by all threads."""

import json
import secrets
import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from .nouns import CALL_OVER, Call, Message, Phone, Request, Utterance

SCHEMA = """
CREATE TABLE IF NOT EXISTS phones (number TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '',
    mode TEXT NOT NULL DEFAULT 'answer', carrier TEXT NOT NULL DEFAULT 'usual', code INTEGER,
    keys TEXT NOT NULL DEFAULT '4');
CREATE TABLE IF NOT EXISTS opt_outs (sender TEXT NOT NULL, number TEXT NOT NULL, PRIMARY KEY (sender, number));
CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE,
    direction TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL,
    created_at REAL NOT NULL, updated_at REAL NOT NULL, service_sid TEXT NOT NULL, callback_url TEXT NOT NULL,
    validity_s INTEGER NOT NULL, sent_at REAL, error_code INTEGER, plan TEXT NOT NULL, note TEXT NOT NULL,
    seen INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS messages_to ON messages (recipient, id);
CREATE INDEX IF NOT EXISTS messages_from ON messages (sender, id);
CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE,
    direction TEXT NOT NULL, caller TEXT NOT NULL, callee TEXT NOT NULL, status TEXT NOT NULL,
    created_at REAL NOT NULL, updated_at REAL NOT NULL, url TEXT NOT NULL, method TEXT NOT NULL, twiml TEXT NOT NULL,
    fallback_url TEXT NOT NULL, fallback_method TEXT NOT NULL, callback_url TEXT NOT NULL,
    callback_method TEXT NOT NULL, callback_events TEXT NOT NULL, timeout_s INTEGER NOT NULL,
    time_limit_s INTEGER NOT NULL, send_digits TEXT NOT NULL, sequence INTEGER NOT NULL, started_at REAL,
    ended_at REAL, duration_s INTEGER, plan TEXT NOT NULL, silenced INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS calls_to ON calls (callee, id);
CREATE INDEX IF NOT EXISTS calls_from ON calls (caller, id);
CREATE TABLE IF NOT EXISTS utterances (id INTEGER PRIMARY KEY AUTOINCREMENT, call TEXT NOT NULL,
    kind TEXT NOT NULL, text TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS utterances_of ON utterances (call, id);
CREATE TABLE IF NOT EXISTS requests (id INTEGER PRIMARY KEY AUTOINCREMENT, call TEXT NOT NULL, method TEXT NOT NULL,
    url TEXT NOT NULL, parameters TEXT NOT NULL, status INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
    content_type TEXT NOT NULL, answer TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS requests_of ON requests (call, id);
"""

PHONES_ASIDE = "ALTER TABLE phones RENAME TO phones_before"
PHONES_BACK = """
INSERT INTO phones (number, name, mode) SELECT number, name, mode FROM phones_before;
DROP TABLE phones_before;
"""

Row = TypeVar("Row", Message, Call)


def new_sid(prefix: str) -> str:
    """Return a fresh identifier: two letters (SM message, CA call) and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


class Store:
    """Answers in the nouns of `nouns.py`. Every change is one transaction; instants are kept as UTC seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")  # a killed process loses nothing; a power cut may, and may
        self._db.executescript(SCHEMA)
        if "carrier" not in {row["name"] for row in self._db.execute("PRAGMA table_info(phones)")}:
            self._db.executescript(f"{PHONES_ASIDE};{SCHEMA}{PHONES_BACK}")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _rows(self, sql: str, parameters: Collection[object] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, tuple(parameters)).fetchall()

    # --- Phones -------------------------------------------------------------------------------------------------------

    def phones(self) -> list[Phone]:
        """Every phone that has a name or has been reached, named ones first."""
        rows = self._rows("SELECT * FROM phones ORDER BY name = '', name, number")
        return [Phone(**row) for row in rows]

    def phone(self, number: str) -> Phone:
        """The phone of that number; one nobody has heard of has no name and answers."""
        rows = self._rows("SELECT * FROM phones WHERE number = ?", [number])
        return Phone(**rows[0]) if rows else Phone(number)

    def name_phone(self, number: str, name: str) -> None:
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO phones (number) VALUES (?)", [number])
            db.execute("UPDATE phones SET name = ? WHERE number = ?", [name, number])

    def keep_phone(self, phone: Phone) -> Phone:
        """Let the phone be so from now on; its name stays what it was."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO phones (number) VALUES (?)", [phone.number])
            db.execute(
                "UPDATE phones SET mode = ?, carrier = ?, code = ?, keys = ? WHERE number = ?",
                [phone.mode, phone.carrier, phone.code, phone.keys, phone.number],
            )
            return self.phone(phone.number)

    # --- Opt-outs -----------------------------------------------------------------------------------------------------

    def block(self, sender: str, number: str) -> None:
        """`number` wants no more texts from `sender` (a number or a messaging service)."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO opt_outs VALUES (?, ?)", [sender, number])

    def unblock(self, sender: str, number: str) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM opt_outs WHERE sender = ? AND number = ?", [sender, number])

    def is_blocked(self, sender: str, number: str) -> bool:
        return bool(self._rows("SELECT 1 FROM opt_outs WHERE sender = ? AND number = ?", [sender, number]))

    # --- Messages -----------------------------------------------------------------------------------------------------

    def add_message(self, message: Message) -> Message:
        """Keep a new message; its recipient's or writer's phone is known from now on."""
        return self._add("messages", message, message.sender if message.direction == "inbound" else message.recipient)

    def message(self, sid: str) -> Message | None:
        rows = self._rows("SELECT * FROM messages WHERE sid = ?", [sid])
        return _row(Message, rows[0]) if rows else None

    def change_message(self, sid: str, expect: Collection[str], **changes: object) -> Message | None:
        """Change the message if its status is still one of `expect`; None when somebody else was first."""
        return self._change("messages", Message, sid, expect, changes)

    def messages(
        self, where: str = "TRUE", parameters: Collection[object] = (), *, limit: int = -1, offset: int = 0
    ) -> list[Message]:
        """Messages newest first. `where` is SQL of this room's own writing, never of a visitor's."""
        sql = f"SELECT * FROM messages WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608
        return [_row(Message, row) for row in self._rows(sql, [*parameters, limit, offset])]

    def unseen(self) -> dict[str, int]:
        """How many texts nobody has looked at yet, by number."""
        rows = self._rows(
            "SELECT recipient, count(*) AS n FROM messages"
            " WHERE NOT seen AND status = 'delivered' AND direction <> 'inbound' GROUP BY recipient"
        )
        return {row["recipient"]: row["n"] for row in rows}

    def see(self, number: str) -> None:
        with self._transaction() as db:
            db.execute(
                "UPDATE messages SET seen = 1 WHERE recipient = ? AND NOT seen AND status = 'delivered'", [number]
            )

    # --- Calls --------------------------------------------------------------------------------------------------------

    def add_call(self, call: Call) -> Call:
        return self._add("calls", call, call.person)

    def call(self, sid: str) -> Call | None:
        rows = self._rows("SELECT * FROM calls WHERE sid = ?", [sid])
        return _row(Call, rows[0]) if rows else None

    def change_call(self, sid: str, **changes: object) -> Call:
        """Change a call that is not over. One that is over stays as it ended."""
        changed = self._change("calls", Call, sid, _NOT_OVER, changes) or self.call(sid)
        assert changed is not None
        return changed

    def calls(
        self, where: str = "TRUE", parameters: Collection[object] = (), *, limit: int = -1, offset: int = 0
    ) -> list[Call]:
        """Calls newest first. `where` is SQL of this room's own writing, never of a visitor's."""
        sql = f"SELECT * FROM calls WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608
        return [_row(Call, row) for row in self._rows(sql, [*parameters, limit, offset])]

    def add_utterance(self, call: str, utterance: Utterance) -> None:
        with self._transaction() as db:
            db.execute(
                "INSERT INTO utterances (call, kind, text, at) VALUES (?, ?, ?, ?)",
                [call, utterance.kind, utterance.text, utterance.at.timestamp()],
            )

    def utterances(self, call: str) -> list[Utterance]:
        rows = self._rows("SELECT * FROM utterances WHERE call = ? ORDER BY id", [call])
        return [Utterance(row["kind"], row["text"], _instant(row["at"])) for row in rows]

    def said(self, call: str) -> str:
        """Everything spoken to the person so far, a line each."""
        return "\n".join(line.text for line in self.utterances(call) if line.kind == "say")

    def add_request(self, call: str, request: Request) -> None:
        with self._transaction() as db:
            db.execute(
                "INSERT INTO requests (call, method, url, parameters, status, duration_ms, content_type, answer, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    call,
                    request.method,
                    request.url,
                    json.dumps(request.parameters),
                    request.status,
                    request.duration_ms,
                    request.content_type,
                    request.answer,
                    request.at.timestamp(),
                ],
            )

    def requests(self, call: str) -> list[Request]:
        """The requests made by or for a call, oldest first."""
        found = []
        for row in self._rows("SELECT * FROM requests WHERE call = ? ORDER BY id", [call]):
            values = {item.name: row[item.name] for item in fields(Request)}
            found.append(Request(**values | {"parameters": json.loads(row["parameters"]), "at": _instant(row["at"])}))
        return found

    # --- Rows ---------------------------------------------------------------------------------------------------------

    def _add(self, table: str, row: Row, person: str) -> Row:
        values = {item.name: _kept(getattr(row, item.name)) for item in fields(row) if item.name != "id"}
        with self._transaction() as db:
            db.execute(
                f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608
                list(values.values()),
            )
            db.execute("INSERT OR IGNORE INTO phones (number) VALUES (?)", [person])
        return row

    def _change(
        self, table: str, noun: type[Row], sid: str, expect: Collection[str], changes: dict[str, object]
    ) -> Row | None:
        sets = ", ".join(f"{name} = ?" for name in changes)
        marks = ", ".join("?" * len(expect))
        with self._transaction() as db:
            rows = db.execute(
                f"UPDATE {table} SET {sets} WHERE sid = ? AND status IN ({marks}) RETURNING *",  # noqa: S608
                [*map(_kept, changes.values()), sid, *expect],
            ).fetchall()
        return _row(noun, rows[0]) if rows else None


_NOT_OVER = frozenset({"queued", "initiated", "ringing", "in-progress"})
assert not _NOT_OVER & CALL_OVER


def _kept(value: object) -> object:
    return value.timestamp() if isinstance(value, datetime) else value


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _row(noun: type[Row], row: sqlite3.Row) -> Row:
    values: dict[str, Any] = {name: row[name] for name in row.keys()}  # noqa: SIM118 -- a Row iterates over values
    for name, value in values.items():
        if name.endswith("_at") and value is not None:
            values[name] = _instant(value)
        elif name in {"seen", "silenced"}:
            values[name] = bool(value)
    return noun(**values)

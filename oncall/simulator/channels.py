"""The stand-in's channels: made by the portal, with people in them, put away; and what Slack refuses."""

import threading
from collections.abc import Callable

from .notebook import Notebook, Row

BOT = "U0BOT"


class Channels:
    """Channels that the portal made. Others, such as C0ALARMS, are there without having been made."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self._lock = threading.Lock()

    def methods(self) -> "dict[str, Callable[[Row], Row]]":
        return {
            "conversations.create": self.create,
            "conversations.list": self.listed,
            "conversations.invite": self.invite,
            "conversations.kick": self.kick,
            "conversations.members": self.members,
            "conversations.setTopic": lambda fields: self._change(fields, {"topic": str(fields.get("topic", ""))}),
            "conversations.setPurpose": lambda fields: self._change(
                fields, {"purpose": str(fields.get("purpose", ""))}
            ),
            "conversations.archive": lambda fields: self._archive(fields, archived=True),
            "conversations.unarchive": lambda fields: self._archive(fields, archived=False),
            "users.info": user,
        }

    def all(self) -> list[Row]:
        return [one | {"name_shown": one["called"]} for one in self.notebook.all("channel")]

    def one(self, id: str) -> Row | None:
        found = self.notebook.one("channel", id)
        return found | {"name_shown": found["called"]} if found else None

    def refusal(self, id: str) -> str:
        """Return why nothing can be said there, or nothing."""
        known = self.one(id)
        return "is_archived" if known is not None and known["is_archived"] else ""

    def create(self, fields: Row) -> Row:
        name = str(fields.get("name", ""))
        with self._lock:
            known = self.notebook.all("channel")
            if any(one["called"] == name for one in known):
                return {"ok": False, "error": "name_taken"}
            if not name or len(name) > 80 or name != name.lower() or " " in name:
                return {"ok": False, "error": "invalid_name_specials"}
            id = f"C0INC{len(known) + 1:04d}"
            made = {
                "called": name, "is_private": _is_true(fields.get("is_private")), "creator": BOT, "topic": "",
                "purpose": "", "is_archived": False, "members": [BOT],
            }  # fmt: skip
            self.notebook.add("channel", id, made)
        return {"ok": True, "channel": {"id": id, "name": name}}

    def listed(self, fields: Row) -> Row:
        private = str(fields.get("types", "")) == "private_channel"
        found = [
            {"id": one["name"], "name": one["called"], "creator": one["creator"], "purpose": {"value": one["purpose"]}}
            for one in self.notebook.all("channel")
            if one["is_private"] is private and not one["is_archived"]
        ]
        return {"ok": True, "channels": found, "response_metadata": {"next_cursor": ""}}

    def invite(self, fields: Row) -> Row:
        known, who = self.one(str(fields.get("channel", ""))), str(fields.get("users", ""))
        if who == "U0GONE":
            return {"ok": False, "error": "user_not_found"}
        if known is not None and who in known["members"]:
            return {"ok": False, "error": "already_in_channel"}
        return self._change(fields, {"members": [*(known or {}).get("members", []), who]})

    def members(self, fields: Row) -> Row:
        known = self.one(str(fields.get("channel", "")))
        if known is None:
            return {"ok": False, "error": "channel_not_found"}
        return {"ok": True, "members": known["members"], "response_metadata": {"next_cursor": ""}}

    def kick(self, fields: Row) -> Row:
        known = self.one(str(fields.get("channel", ""))) or {"members": []}
        left = [one for one in known["members"] if one != str(fields.get("user", ""))]
        return self._change(fields, {"members": left})

    def _archive(self, fields: Row, *, archived: bool) -> Row:
        known = self.one(str(fields.get("channel", "")))
        if known is not None and known["is_archived"] is archived:
            return {"ok": False, "error": "already_archived" if archived else "not_archived"}
        return self._change(fields, {"is_archived": archived}, even_archived=True)

    def _change(self, fields: Row, changes: Row, *, even_archived: bool = False) -> Row:
        known = self.one(str(fields.get("channel", "")))
        if known is None:
            return {"ok": False, "error": "channel_not_found"}
        if known["is_archived"] and not even_archived:
            return {"ok": False, "error": "is_archived"}
        self.notebook.change(known["id"], {name: known[name] for name in known if name != "name_shown"} | changes)
        return {"ok": True, "channel": {"id": known["name"]}}


def user(fields: Row) -> Row:
    id = str(fields.get("user", ""))
    if id == "U0GONE":
        return {"ok": False, "error": "user_not_found"}
    return {"ok": True, "user": {"id": id, "profile": {"real_name": id.removeprefix("U0").title()}}}


def _is_true(value: object) -> bool:
    return value is True or str(value).lower() in {"1", "true"}

"""One live call as its threads share it: who picked up, which keys wait, who hung up."""

import threading
import time
from typing import Literal

from .twiml import Fetch, Gather, Keys, taken

Command = Literal["answer", "decline", "cancel", "hang up"]


class HungUp(Exception):
    """Somebody ended the call: the person, or the customer."""


class Diverted(Exception):
    """The customer gave the running call another document."""

    def __init__(self, source: Fetch | str) -> None:
        super().__init__()
        self.source = source


class Line:
    """Written to by the phone's owner and the customer; listened to by the one thread that carries the call.

    Waits end early when something happens. Seconds are real.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._commands: set[Command] = set()
        self._keys = ""
        self._diversion: Fetch | str | None = None
        self._listening = False  # a gather waits and has not got what it wants
        self._ringing = False
        self._over = False

    # --- The person and the customer ----------------------------------------------------------------------------------

    def order(self, command: Command) -> None:
        with self._changed:
            self._commands.add(command)
            self._changed.notify_all()

    def press(self, keys: str) -> None:
        """Keys pressed while nobody asks are kept for the next gather of the call."""
        with self._changed:
            self._keys += keys
            self._listening = False  # until the thread of the call has looked at them
            self._changed.notify_all()

    def divert(self, source: Fetch | str) -> None:
        with self._changed:
            self._diversion = source
            self._listening = False
            self._changed.notify_all()

    def settled(self, timeout: float) -> bool:
        """Wait until the call waits for keys that nobody has pressed, or is over."""
        with self._changed:
            return self._changed.wait_for(lambda: self._over or self._listening, timeout)

    def rings(self, timeout: float) -> bool:
        """Wait until the call rings, or is over; return whether it rings or has been answered."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._ringing, timeout)
            return self._ringing and not self._over

    def ended(self, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._over, timeout)

    # --- The thread of the call ---------------------------------------------------------------------------------------

    def ring(self) -> None:
        with self._changed:
            self._ringing = True
            self._changed.notify_all()

    def wait_for_order(self, seconds: float, *orders: Command) -> Command | None:
        """Wait for one of `orders`; None when none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: any(order in self._commands for order in orders), seconds)
            return next((order for order in orders if order in self._commands), None)

    def pause(self, seconds: float) -> None:
        """:raises HungUp: :raises Diverted: when that happens meanwhile."""
        with self._changed:
            self._changed.wait_for(self._interrupted, max(0.0, seconds))
            self._raise_interruption()

    def collect(self, gather: Gather, *, first_s: float, between_s: float, ends: float) -> Keys:
        """Return what a gather gets: `first_s` to begin, `between_s` after every key, never beyond `ends`.

        :raises HungUp: :raises Diverted: when that happens meanwhile, or at `ends` (of time.monotonic()).
        """
        with self._changed:
            deadline = time.monotonic() + first_s
            seen = 0
            while True:
                self._raise_interruption()
                got = taken(self._keys, gather)
                if got is not None:
                    keys, self._keys = got
                    self._listening = False
                    return keys
                if len(self._keys) > seen:
                    seen = len(self._keys)
                    deadline = time.monotonic() + between_s
                if time.monotonic() >= ends:
                    raise HungUp
                left = min(deadline, ends) - time.monotonic()
                if left <= 0:
                    keys, self._keys = Keys(self._keys), ""
                    self._listening = False
                    return keys
                self._listening = True
                self._changed.notify_all()
                self._changed.wait(left)

    def end(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _interrupted(self) -> bool:
        return self._diversion is not None or bool(self._commands & {"hang up", "cancel", "decline"})

    def _raise_interruption(self) -> None:
        if self._commands & {"hang up", "cancel", "decline"}:
            raise HungUp
        if self._diversion is not None:
            source, self._diversion = self._diversion, None
            raise Diverted(source)

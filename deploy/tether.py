"""Become a program that does not outlive whoever started it, and that runs as an ordinary account.

Run as a script: ``tether.py PARENT_PID SIGNAL ACCOUNT COMMAND...`` (ACCOUNT may be empty: keep the present one).
The supervisor can itself be killed with SIGKILL; without this its children would keep their ports and data for good.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def become(account: str) -> None:
    """Take the account's user and group, and no others."""
    entry = pwd.getpwnam(account)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def die_with_parent(*, parent: int, signal_number: int) -> None:
    """Ask the kernel to send `signal_number` to us when the thread that forked us ends.

    Linux only; elsewhere the record that the supervisor keeps on disk has to do.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the kernel knew
        sys.exit(1)


def main(arguments: list[str]) -> None:
    parent, signal_number, account, *command = arguments
    if account:
        become(account)
    die_with_parent(parent=int(parent), signal_number=int(signal_number))  # after become(): a new user id clears it
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])

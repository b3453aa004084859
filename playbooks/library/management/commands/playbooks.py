"""`manage.py playbooks pull|push FOLDER`: playbooks as files, so that a team keeps them in git."""

import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oncall import clock
from playbooks.library import files
from playbooks.library.parsing import LONGEST


class Command(BaseCommand):
    help = "Write every playbook into FOLDER as Markdown (pull), or take in those that are there (push), all or none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=("pull", "push"))
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, what: str, folder: Path, **options: Any) -> None:
        if what == "pull":
            self.pull(folder)
        else:
            self.push(folder)

    def pull(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        written = dict(files.pull())
        for name, text in written.items():
            path = folder / name
            same = path.is_file() and not path.is_symlink() and path.read_bytes() == text.encode()
            if not same:
                _put(path, text)
            self.stdout.write(f"{name}: {'unchanged' if same else 'written'}")
        for name in sorted({path.name for path in folder.glob("*.md")} - set(written) - {files.README}):
            self.stdout.write(f"{name}: no playbook in use is called so; left as it is")

    def push(self, folder: Path) -> None:
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder. Name one that holds playbooks, or pull one first.")
        texts: dict[str, str] = {}
        wrong: list[files.Report] = []
        for path in sorted(folder.glob("*.md")):
            try:
                texts[path.name] = _text(path)
            except ValueError as error:
                wrong.append(files.Report(path.name, "error", words=str(error)))
        try:
            if wrong:
                raise files.NothingTaken(wrong)
            reports = files.push(files=texts, now=clock.now())
        except files.NothingTaken as error:
            for report in error.reports:
                if report.outcome == "error":
                    self.stderr.write(str(report))
            raise CommandError(str(error)) from None
        for report in reports:
            self.stdout.write(str(report))
        if not reports:
            self.stdout.write("There is no playbook in that folder.")


def _put(path: Path, text: str) -> None:
    """Write beside it and move over it, so that nobody reads half a file."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as beside:
        beside.write(text.encode())
    Path(beside.name).chmod(0o644)
    Path(beside.name).replace(path)


def _text(path: Path) -> str:
    """Return what the file says.

    :raises ValueError: if it is no plain text file of a size that a playbook can have.
    """
    if path.is_symlink() or not path.is_file():
        raise ValueError("it is no plain file. Put the file itself there.")
    if path.stat().st_size > 4 * LONGEST:
        raise ValueError(f"it is longer than a playbook can be, {LONGEST} characters. Split it.")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ValueError(f"line {line} is no UTF-8. Save it as UTF-8.") from None

"""`manage.py import_products FILE`: bring the catalogue up to date with a product table."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oncall import clock
from oncall.catalogue import services


class Command(BaseCommand):
    help = (
        "Import a product table: CSV or TSV with the columns path, product, kind, manager, owner, notes, tier, "
        "playbooks (path alone is needed), or the plain text of RTN-046. Without FILE, the table that comes with this "
        "project. Running it again changes nothing; rows that are gone are marked, never deleted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path)
        parser.add_argument(
            "--table", default=services.TABLE, help="Its name: only rows imported under it can vanish with it."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path | None = options["file"]
        try:
            text = file.read_text(encoding="utf-8") if file else services.own_table()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read as UTF-8 text: {error}.") from error
        try:
            found = services.import_table(text=text, now=clock.now(), table=options["table"][:40])
        except services.UnreadableTable as error:
            raise CommandError(f"Nothing was imported. Mend these and run it again:\n{error}") from error
        for word, paths in (("made", found.made), ("changed", found.changed), ("no longer there", found.vanished)):
            for path in paths:
                self.stdout.write(f"{word}: {path}")
        self.stdout.write(found.words)

"""`manage.py reconcile_leave`: do the ledger, the call-outs and the evidence agree, to the second?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oncall import clock
from rotations.leave import reconciling
from rotations.leave.models import CallOut


class Command(BaseCommand):
    help = "Compare ledger, call-outs and evidence of everybody. Ends with 1 where they differ, after saying where."

    def handle(self, *args: Any, **options: Any) -> None:
        differences = reconciling.check(now=clock.now())
        for one in differences:
            self.stdout.write(str(one))
        if differences:
            raise CommandError(
                f"{len(differences)} differ. Correcting a call-out settles its person anew; evidence never changes.",
                returncode=1,
            )
        count = CallOut.objects.live().count()
        self.stdout.write(f"The ledger, {count} call-outs and their evidence agree to the second.")

"""Which names are time zones. PURE."""

from functools import cache
from zoneinfo import available_timezones

NO_PLACES = {"localtime", "posixrules", "Factory"}  # files among the zones: what this machine is set to, and no zone


@cache
def zones() -> frozenset[str]:
    """Every name of the IANA database that is a zone; finding them reads hundreds of files."""
    return frozenset(available_timezones() - NO_PLACES)

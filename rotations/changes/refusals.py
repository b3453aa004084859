"""Why a change cannot be. Each message is fit to show; `field` says where, `conflict` whether somebody was first."""


class Refused(Exception):
    """Something stands in the way. The message says what, and what to do."""

    field = "__all__"
    conflict = False

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field or type(self).field


class EmptySpan(Refused):
    """It ends before or when it starts."""

    field = "ends_at"


class OutOfOurTime(Refused):
    """It reaches beyond the years that every zone and reader can show."""

    field = "ends_at"


class InThePast(Refused):
    """It is over already, or has begun: what was cannot be changed."""

    field = "ends_at"


class NothingToOverride(Refused):
    """The schedule has no rotation for that role, or whoever is to be replaced has nothing in the span."""

    field = "role"


class CannotCover(Refused):
    """The person has left, is absent in the span, or is the one to be replaced."""

    field = "person"


class Overlap(Refused):
    """Something that stands already has some of that span."""

    field = "starts_at"


class NotAllowed(Refused):
    """Only the person concerned, the pilot, a manager or an administrator may."""

    field = "person"


class NothingHeld(Refused):
    """Whoever is to be relieved is not on call at any instant of the span."""

    field = "starts_at"


class NobodyCould(Refused):
    """There is nobody to whom a swap could be offered."""

    field = "to"


class Answered(Refused):
    """Somebody was first, or the swap has moved on."""

    conflict = True

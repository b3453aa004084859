"""The way that goes the whole way and reaches nobody: the canary's. Everything but the telephone company is real."""

from oncall.paging.channels import Order, Outcome, Report, Verdict

END = 90


class Null:
    """Takes every order, and says that it arrived."""

    def send(self, order: Order) -> Outcome:
        return Outcome(Verdict.ACCEPTED, sid=_sid(order), status="sent")

    def find(self, order: Order) -> Report | None:
        """Whoever died before this was recorded: the order is as good as taken, since it reaches nobody twice."""
        return Report(sid=_sid(order), status="delivered", rank=END)

    def poll(self, sid: str) -> Report:
        return Report(sid=sid, status="delivered", rank=END)


def _sid(order: Order) -> str:
    return f"null-{order.attempt_id.hex}"

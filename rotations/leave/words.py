"""Seconds in words, for refusals and notices. PURE."""


def length(seconds: int) -> str:
    """Return "7 h 30 min", "4 min 30 s", "45 s"; a minus in front when negative."""
    hours, rest = divmod(abs(seconds), 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes) + [f"{left} s"] * bool(left)
    return ("−" if seconds < 0 else "") + (" ".join(parts) or "0 s")

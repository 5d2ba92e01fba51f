"""What callers of this app may have to answer for. Light on purpose: no engine, no models."""

from __future__ import annotations


class UnknownProfile(Exception):
    """No profile has that name. ``known`` lists those that can be asked for."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(name)
        self.name = name
        self.known = known


class TooManyColdRequests(Exception):
    """As many threads as allowed are evaluating; asking again in a moment makes sense."""

    detail = "Many new evaluations are running; try again in a second."
    retry_after_s = 1


class NotReplayable(Exception):
    """The signal was imported: what it was computed from is not known."""

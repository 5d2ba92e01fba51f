"""Property tests of the engine: as slow as a busy machine makes them, leaving nothing on disk."""

from __future__ import annotations

import os

from hypothesis import settings

# In continuous integration the same examples each time: what fails there fails for the change.
settings.register_profile(
    "engine", deadline=None, database=None, derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("engine")

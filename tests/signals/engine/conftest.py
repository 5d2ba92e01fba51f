"""Property tests of the engine: as slow as a busy machine makes them, leaving nothing on disk."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("engine", deadline=None, database=None)
settings.load_profile("engine")

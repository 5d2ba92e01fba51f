"""An offline stand-in for every upstream: only base URLs lead here, no provider knows of it."""

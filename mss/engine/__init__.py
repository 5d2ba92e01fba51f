"""A coin's figures → MSS score, 30 + 35 + 35 points. Pure."""

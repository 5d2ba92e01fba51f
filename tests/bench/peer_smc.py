"""The peer of market structure: ``smartmoneyconcepts`` 0.0.27, installed by the benchmark alone."""

from __future__ import annotations

import os
import warnings
from typing import Any

from market.types import Candles


def load() -> tuple[Any, Any]:
    """Return pandas and the library's class, without its greeting and pandas' warnings."""
    os.environ["SMC_CREDIT"] = "0"
    warnings.filterwarnings("ignore")
    import pandas as pd
    from smartmoneyconcepts import smc

    return pd, smc


def data_frame(candles: Candles) -> Any:
    pd, _ = load()
    return pd.DataFrame(
        {
            "open": candles.open,
            "high": candles.high,
            "low": candles.low,
            "close": candles.close,
            "volume": candles.volume_base,
        }
    )

"""The definitions of the public library ``smartmoneyconcepts`` 0.0.27, column for column.

For proof and for the benchmark only: ``./run bench smc-compat`` compares every column with the
library's own. Nothing of the product imports this, because these definitions look ahead: swings
are withdrawn when later candles outdo them, the newest candle is always marked as one, and breaks
are stamped on a candle before anyone could know them. The live analyzer is ``smartmoney.smc``.

Columns have one row per candle; NaN where there is nothing, candle positions as numbers, 0 for "not
yet". Levels that the library keeps in single precision are rounded to it here as well.
"""

from smartmoney.smc.compat.blocks import ob
from smartmoney.smc.compat.breaks import bos_choch
from smartmoney.smc.compat.gaps import fvg
from smartmoney.smc.compat.periods import previous_high_low
from smartmoney.smc.compat.swings import swing_highs_lows
from smartmoney.smc.compat.zones import liquidity

__all__ = ["bos_choch", "fvg", "liquidity", "ob", "previous_high_low", "swing_highs_lows"]

"""The sums that the sweep would have kept of made-up outcomes, made by the server in one go.

The sweep recomputes a coin's day at a time, which for a year of 300 coins takes too long here.
Base rates and stated probabilities are constants: what is measured is how fast sums are read.
"""

from __future__ import annotations

from typing import LiteralString

import psycopg

from signals.engine.types import Factor

_OF_COINS: LiteralString = """
INSERT INTO analytics_outcomeday (
    environment, day, symbol, profile_name, direction, confidence, horizon_h, is_imported, n, hits,
    unavailable, sum_return_pct, sum_net_return_pct, sum_net_return_sq, sum_favourable_pct,
    sum_adverse_pct, targets, stops, neithers, base_n, base_hits, sum_base_rate, sum_base_rate_sq,
    sum_base_rate_of_hits, sum_stated, sum_stated_sq, sum_stated_of_hits
)
SELECT
    environment, (signal_at AT TIME ZONE 'UTC')::date, symbol, profile_name, direction, confidence,
    horizon_h, is_imported, count(*), count(*) FILTER (WHERE is_hit), 0, sum(return_pct),
    sum(net_return_pct), sum(net_return_pct * net_return_pct), sum(favourable_pct),
    sum(adverse_pct), count(*) FILTER (WHERE first_touch = 'target'),
    count(*) FILTER (WHERE first_touch = 'stop'), count(*) FILTER (WHERE first_touch = 'neither'),
    count(*), count(*) FILTER (WHERE is_hit), 0.47 * count(*), 0.2209 * count(*),
    0.47 * count(*) FILTER (WHERE is_hit), 0.6 * count(*), 0.36 * count(*),
    0.6 * count(*) FILTER (WHERE is_hit)
FROM analytics_outcome
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""
_OF_ALL_COINS: LiteralString = """
INSERT INTO analytics_outcomeday (
    environment, day, symbol, profile_name, direction, confidence, horizon_h, is_imported, n, hits,
    unavailable, sum_return_pct, sum_net_return_pct, sum_net_return_sq, sum_favourable_pct,
    sum_adverse_pct, targets, stops, neithers, base_n, base_hits, sum_base_rate, sum_base_rate_sq,
    sum_base_rate_of_hits, sum_stated, sum_stated_sq, sum_stated_of_hits
)
SELECT
    environment, day, '*', profile_name, direction, confidence, horizon_h, is_imported, sum(n),
    sum(hits), 0, sum(sum_return_pct), sum(sum_net_return_pct), sum(sum_net_return_sq),
    sum(sum_favourable_pct), sum(sum_adverse_pct), sum(targets), sum(stops), sum(neithers),
    sum(base_n), sum(base_hits), sum(sum_base_rate), sum(sum_base_rate_sq),
    sum(sum_base_rate_of_hits), sum(sum_stated), sum(sum_stated_sq), sum(sum_stated_of_hits)
FROM analytics_outcomeday
GROUP BY 1, 2, 4, 5, 6, 7, 8"""
_OF_FACTORS: LiteralString = """
INSERT INTO analytics_factorday (
    environment, day, profile_name, direction, horizon_h, is_imported, factor, stance, n, hits,
    sum_net_return_pct, base_n, base_hits, sum_base_rate
)
SELECT
    o.environment, (o.signal_at AT TIME ZONE 'UTC')::date, o.profile_name, o.direction, o.horizon_h,
    o.is_imported, f.name,
    CASE f.sign WHEN '+' THEN 'supports' WHEN '-' THEN 'opposes' ELSE 'neutral' END,
    count(*), count(*) FILTER (WHERE o.is_hit), sum(o.net_return_pct), count(*),
    count(*) FILTER (WHERE o.is_hit), 0.47 * count(*)
FROM analytics_outcome o
CROSS JOIN LATERAL unnest(%(factors)s::text[], string_to_array(o.factor_stances, NULL))
    f (name, sign)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""
# Of every coin and day as many windows as there are full hours.
_BASE_RATES: LiteralString = """
INSERT INTO analytics_baserateday (
    environment, symbol, venue, day, horizon_h, windows, long_hits, short_hits
)
SELECT DISTINCT environment, symbol, 'binance', day, horizon_h, 24, 11, 11
FROM analytics_outcomeday WHERE symbol <> '*'"""


def fill_sums(url: str) -> None:
    """Make up the sums of a database that ``many_signals`` has filled, unless it has them."""
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT 1 FROM analytics_outcomeday LIMIT 1").fetchone():
            return
        connection.execute("SET synchronous_commit = off")
        for statement in (_OF_COINS, _OF_ALL_COINS, _OF_FACTORS, _BASE_RATES):
            connection.execute(statement, {"factors": list(Factor)})
    with psycopg.connect(url, autocommit=True) as connection:
        # As autovacuum would have done in the course of the year.
        connection.execute("VACUUM (ANALYZE)")

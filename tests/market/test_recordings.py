"""Recordings: each format is read in its units, and the best file of a span is chosen."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from market.recording_formats import UnreadableRecording
from market.recordings import list_recordings, load_history
from market.snapshot import ReadingName
from market.types import DAY_MS, HOUR_MS, MINUTE_MS, Interval, LiquidationBuckets, Series, Symbol
from tests.recordings import recording

DAY_0 = 1_700_006_400_000  # 2023-11-15T00:00:00Z
BTC = Symbol("BTC")
FOREVER = {"from_ms": 0, "to_ms": 2 * DAY_0}

CANDLE_HEADER = (
    "open_time_ms,open,high,low,close,volume,quote_volume,trades,taker_buy_base,taker_buy_quote"
)


def write(folder: Path, name: str, header: str, *rows: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join((header, *rows)) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def candle_rows(interval_ms: int, count: int, start_ms: int = DAY_0) -> list[str]:
    return [
        f"{start_ms + interval_ms * i},{10 + i},{12 + i},{9 + i},{11 + i},5.5,,,2.5,"
        for i in range(count)
    ]


def series_in(folder: Path, name: ReadingName) -> Series:
    return load_history(folder, BTC, **FOREVER).series[name]


def test_candles_keep_their_numbers_and_unknown_columns_stay_unknown(tmp_path: Path):
    rows = candle_rows(HOUR_MS, 3)
    write(tmp_path, "candles/BTCUSDT_perp_1h_2023.csv.gz", CANDLE_HEADER, *rows)

    candles = load_history(tmp_path, BTC, **FOREVER).candles[Interval.H1]

    assert candles.open_time_ms.tolist() == [DAY_0, DAY_0 + HOUR_MS, DAY_0 + 2 * HOUR_MS]
    assert (candles.open[0], candles.high[0], candles.low[0], candles.close[0]) == (10, 12, 9, 11)
    assert (candles.volume_base[0], candles.taker_buy_base[0]) == (5.5, 2.5)
    assert np.isnan(candles.quote_volume_usd).all()


@pytest.mark.parametrize(
    "name",
    ["ETHUSDT_perp_1h_2023.csv", "BTCUSDT_spot_1h_2023.csv", "1000BTCUSDT_perp_1h_2023.csv"],
)
def test_other_coins_and_spot_markets_are_left_out(tmp_path: Path, name: str):
    write(tmp_path, f"candles/{name}", CANDLE_HEADER, *candle_rows(HOUR_MS, 3))

    assert load_history(tmp_path, BTC, **FOREVER).candles == {}


def test_okx_swaps_are_read_as_their_coin(tmp_path: Path):
    name = "candles/okx_BTC-USDT-SWAP_perp_1h_2023.csv"
    write(tmp_path, name, CANDLE_HEADER, *candle_rows(HOUR_MS, 3))

    assert len(load_history(tmp_path, BTC, **FOREVER).candles[Interval.H1]) == 3


def test_exchange_funding_is_a_fraction_and_known_when_it_settles(tmp_path: Path):
    write(
        tmp_path, "funding/BTCUSDT_funding_8h.csv", "ts_ms,symbol,rate",
        f"{DAY_0},BTCUSDT,0.0001", f"{DAY_0 + 8 * HOUR_MS},BTCUSDT,-0.00025",
    )  # fmt: skip

    funding = series_in(tmp_path, ReadingName.FUNDING)

    assert funding.values.tolist() == [0.01, -0.025]
    assert funding.ts_ms.tolist() == [DAY_0, DAY_0 + 8 * HOUR_MS]
    assert funding.max_age_ms == 8 * HOUR_MS


def test_weighted_funding_is_percent_and_known_at_the_end_of_its_bar(tmp_path: Path):
    write(
        tmp_path, "funding/coinglass_BTC_funding_4h.csv", "ts_ms,symbol,open,high,low,close",
        f"{DAY_0},BTC,1,2,0,0.0089", f"{DAY_0 + 4 * HOUR_MS},BTC,1,2,0,0.0047",
    )  # fmt: skip

    funding = series_in(tmp_path, ReadingName.FUNDING)

    assert funding.values.tolist() == [0.0089, 0.0047]
    assert funding.ts_ms.tolist() == [DAY_0 + 4 * HOUR_MS, DAY_0 + 8 * HOUR_MS]
    assert funding.max_age_ms == 4 * HOUR_MS


def test_bars_of_the_same_columns_are_open_interest_in_the_metrics_folder(tmp_path: Path):
    write(
        tmp_path, "metrics/coinglass_BTC_oi_4h.csv", "ts_ms,symbol,open,high,low,close",
        f"{DAY_0},BTC,1,2,0,9e9", f"{DAY_0 + 4 * HOUR_MS},BTC,1,2,0,8e9",
    )  # fmt: skip

    assert series_in(tmp_path, ReadingName.OPEN_INTEREST).values.tolist() == [9e9, 8e9]


def test_ratios_become_percent_long_and_empty_cells_are_left_out(tmp_path: Path):
    write(
        tmp_path, "metrics/coinglass_long_short_1d_BTC-ETH.csv",
        "ts_ms,symbol,lsr_global,lsr_top_accounts,lsr_top_positions",
        f"{DAY_0},BTC,,0.87,1.0", f"{DAY_0 + DAY_MS},BTC,3.0,1.5,",
        f"{DAY_0},ETH,1.0,1.0,1.0",
    )  # fmt: skip

    crowd = series_in(tmp_path, ReadingName.LONG_ACCOUNTS)
    top = series_in(tmp_path, ReadingName.TOP_TRADERS)

    assert (crowd.ts_ms.tolist(), crowd.values.tolist()) == ([DAY_0 + 2 * DAY_MS], [75.0])
    assert (top.ts_ms.tolist(), top.values.tolist()) == ([DAY_0 + DAY_MS], [50.0])


def test_taker_volumes_become_a_share(tmp_path: Path):
    write(
        tmp_path, "metrics/coinglass_BTC_taker_4h.csv", "ts_ms,symbol,buy_usd,sell_usd",
        f"{DAY_0},BTC,30,10", f"{DAY_0 + 4 * HOUR_MS},BTC,10,30",
    )  # fmt: skip

    assert series_in(tmp_path, ReadingName.TAKER_BUY).values.tolist() == [75.0, 25.0]


def test_top_accounts_are_not_taken_for_top_positions(tmp_path: Path):
    write(
        tmp_path, "metrics/BTCUSDT_binance_oi_ratios_4h.csv",
        "ts_ms,symbol,sum_open_interest,sum_open_interest_value,global_long_account,"
        "count_long_short_ratio,global_short_account,top_long,top_long_short_ratio,top_short,"
        "sum_taker_long_short_vol_ratio,taker_sell_vol,taker_buy_vol",
        f"{DAY_0},BTCUSDT,7,5e9,0.62,1.6,0.38,0.65,1.9,0.35,1.0,40,60",
        f"{DAY_0 + 4 * HOUR_MS},BTCUSDT,7,6e9,0.61,1.6,0.39,0.65,1.9,0.35,1.0,40,",
    )  # fmt: skip

    history = load_history(tmp_path, BTC, **FOREVER)

    assert ReadingName.TOP_TRADERS not in history.series
    assert history.series[ReadingName.LONG_ACCOUNTS].values.tolist() == [62.0, 61.0]
    assert history.series[ReadingName.OPEN_INTEREST].values.tolist() == [5e9, 6e9]
    assert history.series[ReadingName.TAKER_BUY].values.tolist() == [60.0]


def test_the_daily_dump_of_binance_counts_positions(tmp_path: Path):
    write(
        tmp_path, "metrics/BTCUSDT-metrics-2023-11-15.csv",
        "create_time,symbol,sum_open_interest,sum_open_interest_value,"
        "count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,count_long_short_ratio,"
        "sum_taker_long_short_vol_ratio",
        "2023-11-15 00:00:00,BTCUSDT,7,5e9,9,4.0,1.5,0.25",
        "2023-11-15 00:05:00,BTCUSDT,7,5e9,9,1.0,1.0,1.0",
    )  # fmt: skip

    top = series_in(tmp_path, ReadingName.TOP_TRADERS)

    assert top.values.tolist() == [80.0, 50.0]
    assert top.ts_ms.tolist() == [DAY_0 + 5 * MINUTE_MS, DAY_0 + 10 * MINUTE_MS]
    assert series_in(tmp_path, ReadingName.LONG_ACCOUNTS).values.tolist() == [60.0, 50.0]
    assert series_in(tmp_path, ReadingName.TAKER_BUY).values.tolist() == [20.0, 50.0]


def test_okx_statistics_are_open_interest_accounts_and_takers(tmp_path: Path):
    write(
        tmp_path, "metrics/okx_BTC_oi_ls_taker_1h.csv",
        "ts_ms,symbol,oi_usd,long_short_account_ratio,taker_buy_vol,taker_sell_vol",
        f"{DAY_0},BTC,2e9,4.0,1,3", f"{DAY_0 + HOUR_MS},BTC,3e9,1.0,1,1",
    )  # fmt: skip

    history = load_history(tmp_path, BTC, **FOREVER)

    assert history.series[ReadingName.OPEN_INTEREST].values.tolist() == [2e9, 3e9]
    assert history.series[ReadingName.LONG_ACCOUNTS].values.tolist() == [80.0, 50.0]
    assert history.series[ReadingName.TAKER_BUY].values.tolist() == [25.0, 50.0]


def test_liquidations_are_buckets_as_long_as_their_spacing(tmp_path: Path):
    write(
        tmp_path, "liquidations/coinglass_BTC_liquidation_4h.csv",
        "ts_ms,symbol,liq_long_usd,liq_short_usd",
        f"{DAY_0},BTC,1.5,2.5", f"{DAY_0 + 4 * HOUR_MS},BTC,0.0,",
    )  # fmt: skip

    buckets = load_history(tmp_path, BTC, **FOREVER).liquidations

    assert isinstance(buckets, LiquidationBuckets)
    assert buckets.bucket_ms == 4 * HOUR_MS
    assert buckets.start_ms.tolist() == [DAY_0, DAY_0 + 4 * HOUR_MS]
    assert buckets.long_usd.tolist() == [1.5, 0.0]
    assert np.isnan(buckets.short_usd[1])


def test_fear_and_greed_belongs_to_every_coin_and_comes_in_seconds(tmp_path: Path):
    write(
        tmp_path, "fear_greed/fear_greed_daily.csv", "ts,value,classification",
        f"{DAY_0 // 1000},30,Fear", f"{(DAY_0 + DAY_MS) // 1000},15,",
    )  # fmt: skip

    mood = load_history(tmp_path, Symbol("SOL"), **FOREVER).series[ReadingName.FEAR_GREED]

    assert mood.ts_ms.tolist() == [DAY_0, DAY_0 + DAY_MS]
    assert mood.values.tolist() == [30.0, 15.0]
    assert mood.max_age_ms == 2 * DAY_MS


def test_a_table_of_unknown_columns_is_refused_by_name(tmp_path: Path):
    write(tmp_path, "metrics/BTC_moods.csv", "ts_ms,symbol,mood", f"{DAY_0},BTC,1")

    with pytest.raises(UnreadableRecording, match=r"BTC_moods\.csv: unknown columns"):
        list_recordings(tmp_path, BTC)


def test_a_folder_without_recordings_has_nothing(tmp_path: Path):
    history = load_history(tmp_path, BTC, **FOREVER)

    assert (history.candles, history.series, history.liquidations) == ({}, {}, None)


# Choosing


def funding_file(folder: Path, name: str, start_ms: int, count: int, rate: float) -> None:
    rows = [f"{start_ms + 8 * HOUR_MS * i},BTCUSDT,{rate}" for i in range(count)]
    write(folder, f"funding/{name}.csv", "ts_ms,symbol,rate", *rows)


def test_the_file_that_covers_most_of_the_span_is_taken_whole(tmp_path: Path):
    funding_file(tmp_path, "BTC_old", DAY_0, 30, 0.0001)
    funding_file(tmp_path, "BTC_new", DAY_0 + 9 * DAY_MS, 30, 0.0002)

    old = load_history(tmp_path, BTC, from_ms=DAY_0, to_ms=DAY_0 + 8 * DAY_MS)
    new = load_history(tmp_path, BTC, from_ms=DAY_0 + 8 * DAY_MS, to_ms=DAY_0 + 19 * DAY_MS)
    after = load_history(tmp_path, BTC, from_ms=DAY_0 + 50 * DAY_MS, to_ms=DAY_0 + 60 * DAY_MS)

    assert old.series[ReadingName.FUNDING].values.tolist() == [0.01] * 30
    assert new.series[ReadingName.FUNDING].values.tolist() == [0.02] * 30
    assert after.series == {}


def test_of_files_that_cover_alike_the_finer_is_taken(tmp_path: Path):
    for hours, open_interest in ((4, 1e9), (24, 2e9)):
        rows = [
            f"{DAY_0 + hours * HOUR_MS * i},BTC,1,1,1,{open_interest}" for i in range(72 // hours)
        ]
        header = "ts_ms,symbol,open,high,low,close"
        write(tmp_path, f"metrics/coinglass_BTC_oi_{hours}h.csv", header, *rows)

    span = {"from_ms": DAY_0 + DAY_MS, "to_ms": DAY_0 + 3 * DAY_MS}

    chosen = load_history(tmp_path, BTC, **span).series[ReadingName.OPEN_INTEREST]

    assert chosen.max_age_ms == 4 * HOUR_MS


def test_a_bar_length_without_a_file_is_made_of_shorter_bars(tmp_path: Path):
    rows = candle_rows(HOUR_MS, 50)
    write(tmp_path, "candles/BTCUSDT_perp_1h_2023.csv", CANDLE_HEADER, *rows)

    candles = load_history(tmp_path, BTC, **FOREVER).candles

    assert set(candles) == {Interval.H1, Interval.H4, Interval.D1}
    assert len(candles[Interval.H4]) == 12
    assert candles[Interval.D1].close.tolist() == [34.0, 58.0]
    assert candles[Interval.D1].high.tolist() == [35.0, 59.0]


def test_a_recorded_bar_length_is_kept_where_it_covers_as_much(tmp_path: Path):
    write(tmp_path, "candles/BTCUSDT_perp_1h_x.csv", CANDLE_HEADER, *candle_rows(HOUR_MS, 48))
    own = [f"{DAY_0},1,1,1,7,1,,,,", f"{DAY_0 + DAY_MS},1,1,1,8,1,,,,"]
    write(tmp_path, "candles/BTCUSDT_perp_1d_x.csv", CANDLE_HEADER, *own)
    span = {"from_ms": DAY_0 + DAY_MS, "to_ms": DAY_0 + 2 * DAY_MS}

    assert load_history(tmp_path, BTC, **span).candles[Interval.D1].close.tolist() == [7.0, 8.0]


# The recordings themselves


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.recordings
def test_every_recorded_file_of_the_three_coins_is_readable():
    folder = recording("data")

    found = [r for base in ("BTC", "ETH", "SOL") for r in list_recordings(folder, Symbol(base))]

    expected = {
        path
        for kind in ("candles", "funding", "metrics", "liquidations", "fear_greed")
        for path in (folder / kind).glob("*.csv*")
        if "_spot_" not in path.name
    }
    assert {r.path for r in found} == expected
    for one in found:
        assert one.known_from_ms < one.known_to_ms
        stamps = getattr(one.data, "ts_ms", getattr(one.data, "open_time_ms", None))
        if stamps is not None:
            assert (np.diff(stamps) > 0).all()


@pytest.mark.recordings
def test_the_flush_of_october_2025_is_in_the_recordings():
    at_ms = ms("2025-10-11T00:05Z")

    history = load_history(recording("data"), BTC, from_ms=at_ms - 30 * DAY_MS, to_ms=at_ms)

    buckets = history.liquidations
    assert buckets is not None
    row = int(np.flatnonzero(buckets.start_ms == ms("2025-10-10T20:00Z"))[0])
    assert buckets.long_usd[row] == pytest.approx(235.6e6, rel=1e-3)
    assert set(history.candles) >= {Interval.M15, Interval.H1, Interval.H4, Interval.D1}
    assert history.series[ReadingName.FUNDING].max_age_ms == 8 * HOUR_MS


@pytest.mark.recordings
def test_open_interest_over_price_is_about_the_recorded_coins():
    at_ms = ms("2023-11-14T04:00Z")

    history = load_history(recording("data"), BTC, from_ms=ms("2023-11-14T01:00Z"), to_ms=at_ms)

    open_interest = history.series[ReadingName.OPEN_INTEREST]
    assert open_interest.max_age_ms == 5 * MINUTE_MS
    assert 2.5e9 < open_interest.values[0] < 3.5e9
    assert 50.0 < history.series[ReadingName.LONG_ACCOUNTS].values[0] < 55.0

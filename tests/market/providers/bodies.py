"""Bodies of the documented shape, built fresh for every test that bends one."""

from __future__ import annotations

from typing import Any

T0 = 1_789_430_400_000  # 2026-09-15 00:00 UTC, on every interval's grid
QUARTER_H = 15 * 60_000


def binance_kline(open_ms: int, **changes: Any) -> list[Any]:
    row = {
        "open": "100.0", "high": "110.0", "low": "95.0", "close": "105.0", "volume": "20.0",
        "close_ms": open_ms + QUARTER_H - 1, "quote": "2100.0", "trades": 7, "taker": "15.0",
    } | changes  # fmt: skip
    return [
        open_ms, row["open"], row["high"], row["low"], row["close"], row["volume"],
        row["close_ms"], row["quote"], row["trades"], row["taker"], "1500.0", "0",
    ]  # fmt: skip


def binance_contract(symbol: str = "BTCUSDT", **changes: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "pair": symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "baseAsset": symbol.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "filters": [
            {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "1000"},
            {"filterType": "PRICE_FILTER", "minPrice": "1", "maxPrice": "9", "tickSize": "0.10"},
        ],
    } | changes


def exchange_info(*contracts: dict[str, Any]) -> dict[str, Any]:
    return {
        "timezone": "UTC",
        "serverTime": T0,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": 2400,
            },
        ],
        "exchangeFilters": [],
        "assets": [],
        "symbols": list(contracts),
    }


def premium_index(symbol: str = "BTCUSDT", **changes: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "markPrice": "76916.95122464",
        "indexPrice": "76959.67847826",
        "estimatedSettlePrice": "77018.74802742",
        "lastFundingRate": "0.00008972",
        "interestRate": "0.00010000",
        "nextFundingTime": T0 + 8 * 3_600_000,
        "time": T0 + 1000,
    } | changes


def binance_ticker(symbol: str = "BTCUSDT", **changes: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "lastPrice": "76914.90",
        "priceChangePercent": "-1.138",
        "quoteVolume": "13258734360.38",
        "volume": "169924.020",
        "openTime": T0 - 86_400_000,
        "closeTime": T0,
    } | changes


def long_share(timestamp: Any, share: Any = "0.4666") -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "longAccount": share,
        "longShortRatio": "0.8748",
        "shortAccount": "0.5334",
        "timestamp": timestamp,
    }


def okx(data: Any, **changes: Any) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": data} | changes


def okx_candle(open_ms: int, confirm: str = "1", **changes: Any) -> list[Any]:
    row = {"open": "100", "high": "110", "low": "95", "close": "105"} | changes
    return [
        str(open_ms), row["open"], row["high"], row["low"], row["close"],
        "2000", "20", "2100", confirm,
    ]  # fmt: skip


def okx_instrument(inst_id: str = "BTC-USDT-SWAP", **changes: Any) -> dict[str, Any]:
    return {
        "instType": "SWAP",
        "instId": inst_id,
        "instFamily": inst_id.removesuffix("-SWAP"),
        "baseCcy": "",
        "quoteCcy": "",
        "settleCcy": "USDT",
        "ctType": "linear",
        "ctVal": "0.01",
        "ctMult": "1",
        "ctValCcy": inst_id.split("-")[0],
        "tickSz": "0.1",
        "listTime": "1573557408000",
        "expTime": "",
        "state": "live",
        "ruleType": "normal",
        "instCategory": "1",
        "instIdCode": 10459,
        "futureSettlement": False,
        "tradeQuoteCcyList": [],
    } | changes


def liquidation(ts_ms: int = T0, **changes: Any) -> dict[str, Any]:
    return {
        "side": "sell",
        "posSide": "long",
        "bkPx": "63955.7",
        "sz": "3.62",
        "bkLoss": "0",
        "ts": str(ts_ms),
    } | changes


def liquidations(*details: Any, inst_id: str = "BTC-USDT-SWAP") -> dict[str, Any]:
    row = {"instType": "SWAP", "instId": inst_id, "instFamily": "BTC-USDT", "details": [*details]}
    return okx([row])


def coin_market(coin_id: str = "bitcoin", symbol: str = "btc", **changes: Any) -> dict[str, Any]:
    return {
        "id": coin_id,
        "symbol": symbol,
        "name": coin_id.title(),
        "image": "https://assets.example/1.png",
        "current_price": 70187,
        "market_cap": 1381651251183,
        "market_cap_rank": 1,
        "fully_diluted_valuation": 1474623675796,
        "total_volume": 20154184933,
        "price_change_percentage_24h": 3.12502,
        "circulating_supply": 19675987,
        "total_supply": 21000000,
        "max_supply": None,
        "roi": None,
        "last_updated": "2024-04-07T16:49:31.736Z",
    } | changes


def coin_detail(**changes: Any) -> dict[str, Any]:
    return {
        "id": "bitcoin",
        "symbol": "btc",
        "name": "Bitcoin",
        "categories": ["Layer 1 (L1)", None],
        "preview_listing": False,
        "genesis_date": "2009-01-03",
        "sentiment_votes_up_percentage": 84.07,
        "sentiment_votes_down_percentage": 15.93,
        "watchlist_portfolio_users": 1541900,
        "market_cap_rank": 1,
        "market_data": {
            "current_price": {"btc": 1, "usd": 69840},
            "market_cap": {"usd": 1373546629363},
            "fully_diluted_valuation": {},
            "total_volume": {"usd": 18867210007},
            "price_change_percentage_24h": 2.37311,
            "price_change_percentage_7d": -0.89706,
            "price_change_percentage_30d": None,
            "circulating_supply": 19675962,
            "total_supply": 21000000,
            "max_supply": 21000000,
        },
        "community_data": {"telegram_channel_user_count": None, "reddit_subscribers": 0},
        "developer_data": {"commit_count_4_weeks": 108},
        "last_updated": "2024-04-07T15:24:51.021Z",
    } | changes


def trending(*, price: Any = 9.04766669820536e-07, score: int = 0) -> dict[str, Any]:
    item = {
        "id": "qubic-network",
        "coin_id": 32949,
        "name": "Qubic",
        "symbol": "QUBIC",
        "market_cap_rank": 368,
        "score": score,
        "data": {
            "price": price,
            "price_change_percentage_24h": {"btc": 0.8, "usd": -6.386464466210091},
            "market_cap": "$104,127,324",
        },
    }
    return {"coins": [{"item": item}], "nfts": [], "categories": []}


def fear_greed(*days: tuple[Any, Any], error: Any = None) -> dict[str, Any]:
    return {
        "name": "Fear and Greed Index",
        "data": [
            {"value": value, "value_classification": "Fear", "timestamp": stamp}
            for stamp, value in days
        ],
        "metadata": {"error": error},
    }

"""LunarCrush bodies: seconds, nulls, missing configs; documented samples and recorded answers."""

import numpy as np
import pytest

from market.providers.errors import ProviderPayloadError
from market.providers.lunarcrush_history_payloads import (
    MAX_AGE_MS,
    SETTLE_MS,
    Bucket,
    parse_time_series,
)
from market.providers.lunarcrush_payloads import parse_coin, parse_coins, parse_meta
from market.providers.lunarcrush_topic_payloads import (
    NetworkShare,
    parse_corrections,
    parse_creators,
    parse_posts,
    parse_ranked,
    parse_topic,
    parse_whatsup,
    weighted_sentiment_pct,
)
from market.types import DAY_MS, HOUR_MS
from tests.market.providers.bodies import T0
from tests.market.providers.keyed import recorded, sample

LATE_MS = 1_800_000_000_000  # after every sample
GENERATED_MS = 1_750_604_580_000


def lunarcrush(name):
    return sample(f"lunarcrush/{name}.json")


def coin(**changes):
    return {"id": 1, "symbol": "btc", "name": "Bitcoin"} | changes


def coins(*rows, **config):
    return parse_coins({"config": config, "data": list(rows)}, fetched_at_ms=LATE_MS)


def hours(*rows, fetched_at_ms=LATE_MS, bucket=Bucket.HOUR):
    return parse_time_series({"data": list(rows)}, bucket=bucket, fetched_at_ms=fetched_at_ms)


# --- coins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_list_samples_have_all_the_crowd_says(version):
    parsed = parse_coins(lunarcrush(f"coins-list-{version}"), fetched_at_ms=LATE_MS)

    (btc,) = parsed.value
    assert parsed.refused == 0
    assert (btc.id, btc.symbol, btc.topic) == (1, "BTC", "btc bitcoin")
    assert btc.sentiment_pct == 73.0
    assert (btc.galaxy_score, btc.galaxy_score_previous) == (39.9, 35.0)
    assert (btc.alt_rank, btc.alt_rank_previous) == (212, 80)
    assert (btc.interactions_24h, btc.posts_24h) == (83998832.0, 154647.0)
    assert btc.social_dominance_pct == pytest.approx(25.434692508)
    assert btc.price_change_1h_pct == -1.268568893685
    assert btc.categories == ("layer-1", "bitcoin-ecosystem", "pow")
    assert btc.observed_at_ms in (GENERATED_MS, GENERATED_MS + 1000)


def test_a_recorded_list_that_does_not_say_when_it_was_made_is_of_its_fetch():
    parsed = parse_coins(
        recorded("lunarcrush/coins_list_v2_BTC_2025-07-23.json"), fetched_at_ms=LATE_MS
    )

    (btc,) = parsed.value
    assert parsed.refused == 0
    assert (btc.sentiment_pct, btc.galaxy_score, btc.alt_rank) == (80.0, 40.8, 749)
    assert btc.observed_at_ms == LATE_MS


def test_a_coin_of_a_free_plan_has_no_social_numbers_and_remains():
    (row,) = coins(coin()).value

    assert row.symbol == "BTC"
    assert row.sentiment_pct is None
    assert row.alt_rank is None
    assert row.categories == ()


def test_an_odd_number_is_unknown_and_told():
    parsed = coins(coin(sentiment=101, alt_rank=0, price=-1, max_supply=None))

    (row,) = parsed.value
    assert (row.sentiment_pct, row.alt_rank, row.price_usd, row.max_supply) == (None,) * 4
    assert parsed.refused == 3
    assert "sentiment: not within 0 to 100" in parsed.reasons


def test_a_row_without_a_name_is_dropped():
    parsed = coins(coin(), {"id": 2, "symbol": "ETH"})

    assert [row.id for row in parsed.value] == [1]
    assert parsed.reasons == ("row 1: name: missing",)


def test_an_answer_cannot_be_newer_than_its_fetch():
    (row,) = coins(coin(), generated=LATE_MS // 1000 + 60).value

    assert row.observed_at_ms == LATE_MS


def test_the_coin_sample_has_scores_and_no_sentiment():
    eth = parse_coin(lunarcrush("coins-coin-v1"), fetched_at_ms=LATE_MS).value

    assert (eth.id, eth.symbol, eth.topic) == (2, "ETH", "ethereum")
    assert (eth.galaxy_score, eth.alt_rank) == (65.8, 476)
    assert eth.price_usd == 2202.244756267511
    assert eth.max_supply is None
    assert eth.observed_at_ms == 1750604581000
    assert not hasattr(eth, "sentiment_pct")


def test_a_recorded_coin_reads_though_its_config_names_it_differently():
    btc = parse_coin(recorded("lunarcrush/coins_BTC_v1_2025-07-23.json"), fetched_at_ms=LATE_MS)

    assert btc.refused == 0
    assert (btc.value.galaxy_score, btc.value.alt_rank) == (40.8, 517)
    assert btc.value.topic == "bitcoin"


def test_descriptions_sampled_and_recorded_read_as_texts():
    eth = parse_meta(lunarcrush("coins-meta-v1")).value
    btc = parse_meta(recorded("lunarcrush/coins_BTC_meta_v1_2025-07-23.json.gz")).value

    assert (eth.symbol, eth.github) == ("ETH", "https://github.com/ethereum")
    assert eth.categories == ("layer-1",)
    assert btc.whitepaper == "https://bitcoin.org/bitcoin.pdf"
    assert btc.summary.startswith("Bitcoin is a decentralized")


# --- hours and days ------------------------------------------------------------------------------


def test_hours_become_series_of_closed_ones_known_at_their_end():
    rows = [
        {"time": (T0 + hour * HOUR_MS) // 1000, "sentiment": 70 + hour, "interactions": None}
        for hour in (2, 0, 1)
    ]
    history = hours(*rows, fetched_at_ms=T0 + 2 * HOUR_MS + SETTLE_MS).value

    sentiment = history.series(history.sentiment_pct)

    assert history.sentiment_pct.tolist() == [70.0, 71.0, 72.0]
    assert sentiment.ts_ms.tolist() == [T0 + HOUR_MS, T0 + 2 * HOUR_MS]
    assert sentiment.values.tolist() == [70.0, 71.0]
    assert sentiment.max_age_ms == MAX_AGE_MS
    assert len(history.series(history.interactions)) == 0


def test_a_value_that_cannot_be_is_unknown_and_the_hour_remains():
    parsed = hours({"time": T0 // 1000, "sentiment": 120, "galaxy_score": 50, "close": 0})

    assert np.isnan(parsed.value.sentiment_pct).all()
    assert np.isnan(parsed.value.close_usd).all()
    assert parsed.value.galaxy_score.tolist() == [50.0]
    assert parsed.refused == 2
    assert "sentiment: not a possible number" in parsed.reasons


def test_an_hour_without_a_time_is_dropped():
    parsed = hours({"time": T0 // 1000, "sentiment": 1}, {"time": "soon"}, {"time": T0})

    assert len(parsed.value) == 1
    assert parsed.reasons[0] == "row 1: time is not plausible"


def test_days_last_a_day():
    history = hours(
        {"time": T0 // 1000, "sentiment": 5}, bucket=Bucket.DAY, fetched_at_ms=T0 + HOUR_MS
    ).value

    assert len(history.series(history.sentiment_pct)) == 0
    assert Bucket.DAY.ms == DAY_MS


@pytest.mark.parametrize(
    ("name", "sentiment", "interactions", "topic"),
    [
        ("coins-time-series-v2", 83.0, 1270862.0, "ethereum"),
        ("topic-time-series-v1", 78.0, 3041957.0, "bitcoin"),
        ("topic-time-series-v2", 78.0, 3041957.0, "bitcoin"),
    ],
)
def test_time_series_samples_read_alike(name, sentiment, interactions, topic):
    parsed = parse_time_series(lunarcrush(name), bucket=Bucket.HOUR, fetched_at_ms=LATE_MS)

    assert parsed.refused == 0
    assert parsed.value.topic == topic
    assert parsed.value.start_ms.tolist() == [1749945600000]
    assert parsed.value.sentiment_pct.tolist() == [sentiment]
    assert parsed.value.interactions.tolist() == [interactions]


def test_a_recorded_week_reads_whole():
    parsed = parse_time_series(
        recorded("lunarcrush/coins_BTC_time-series_v2_2025-07-23.json.gz"),
        bucket=Bucket.HOUR,
        fetched_at_ms=1753264725000,
    )

    history = parsed.value
    assert parsed.refused == 0
    assert len(history) == 178
    assert np.all(np.diff(history.start_ms) == HOUR_MS)
    assert np.isfinite(history.sentiment_pct).all()
    assert (history.galaxy_score[0], history.alt_rank[0]) == (54.0, 852.0)
    assert history.closed.tolist() == [True] * 177 + [False]  # asked at 09:58


# --- topics --------------------------------------------------------------------------------------


def test_a_topics_sentiment_is_its_networks_mean_weighted_by_interactions():
    topic = parse_topic(lunarcrush("topic-v1"), fetched_at_ms=LATE_MS).value

    weights = {"reddit-post": 136956, "tweet": 61019860, "youtube-video": 11607141}
    weights |= {"tiktok-video": 10971746, "news": 263129}
    moods = {"reddit-post": 76, "tweet": 74, "youtube-video": 78, "tiktok-video": 69, "news": 76}
    expected = sum(weights[n] * moods[n] for n in weights) / sum(weights.values())
    assert topic.sentiment_pct == pytest.approx(expected)
    assert topic.sentiment_pct == pytest.approx(73.91, abs=0.01)
    assert topic.networks["tweet"] == NetworkShare(202878.0, 61019860.0, 74.0)
    assert (topic.rank, topic.trend, topic.contributors) == (53, "flat", 90751.0)
    assert topic.observed_at_ms == GENERATED_MS - 2000


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({}, None),
        ({"tweet": NetworkShare(5, 0, 80)}, None),
        ({"tweet": NetworkShare(5, None, 80), "news": NetworkShare(1, 10, None)}, None),
        ({"tweet": NetworkShare(5, 10, 80), "news": NetworkShare(1, 30, 40)}, 50.0),
        ({"tweet": NetworkShare(5, 10, 80), "news": NetworkShare(1, 30, None)}, 80.0),
    ],
)
def test_without_a_network_that_has_both_there_is_no_sentiment(shares, expected):
    assert weighted_sentiment_pct(shares) == expected


def test_categories_sampled_and_recorded_read_as_topics_do():
    sampled = parse_topic(lunarcrush("category-v1"), fetched_at_ms=LATE_MS).value
    crypto = parse_topic(
        recorded("lunarcrush/category_cryptocurrencies_v1_2025-07-23.json.gz"),
        fetched_at_ms=LATE_MS,
    ).value

    assert (sampled.topic, sampled.trend, sampled.rank) == ("_musicians", "down", None)
    assert sampled.observed_at_ms == LATE_MS  # it has no config
    assert crypto.title == "Cryptocurrencies"
    assert 0.0 < crypto.sentiment_pct < 100.0


def test_post_samples_keep_their_own_scale():
    (news,) = parse_posts(lunarcrush("topic-news-v1")).value
    (post,) = parse_posts(lunarcrush("topic-posts-v1")).value

    assert (news.network, news.creator, news.sentiment) == ("news", "CryptoSlate", 2.9)
    assert news.created_at_ms == 1750597873000
    assert (post.network, post.sentiment) == ("tweet", 3.05)


def test_list_samples_of_topics_categories_and_creators():
    (topic,) = parse_ranked(lunarcrush("topics-list-v1")).value
    (category,) = parse_ranked(lunarcrush("categories-list-v1")).value
    (inside,) = parse_ranked(lunarcrush("category-topics-v1")).value
    (creator,) = parse_creators(lunarcrush("topic-creators-v1")).value

    assert (topic.topic, topic.rank, topic.rank_24h_ago) == ("youtube", 1, 1)
    assert (category.topic, category.rank, category.rank_1h_ago) == ("mlb", 22, 21)
    assert (inside.topic, inside.title) == ("3038", "Aerosmith")  # a number in the sample
    assert (creator.name, creator.rank, creator.followers) == ("WatcherGuru", 1, 3225820.0)


def test_the_summary_and_the_corrections_samples():
    summary = parse_whatsup(lunarcrush("topic-whatsup-v1")).value
    (correction,) = parse_corrections(lunarcrush("system-changes")).value

    assert summary.startswith("Geopolitical tensions")
    assert (correction.asset_id, correction.at_ms) == (160963, 1750587169000)
    assert correction.change == "search terms established"


@pytest.mark.parametrize("payload", [None, [], {}, {"data": None}, {"data": "x"}, {"error": "x"}])
def test_an_answer_without_data_is_refused(payload):
    for parse in (
        lambda p: parse_coins(p, fetched_at_ms=LATE_MS),
        lambda p: parse_coin(p, fetched_at_ms=LATE_MS),
        lambda p: parse_topic(p, fetched_at_ms=LATE_MS),
        lambda p: parse_time_series(p, bucket=Bucket.HOUR, fetched_at_ms=LATE_MS),
        parse_posts,
        parse_whatsup,
    ):
        with pytest.raises(ProviderPayloadError):
            parse(payload)

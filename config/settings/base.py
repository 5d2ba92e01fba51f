"""Settings shared by every environment; ``local``, ``test`` and ``production`` build on them.

Each value that may differ between installations is read here through ``config.env``.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from config import schedule, version
from config.env import Environment, is_loopback_url
from config.logs import logging_settings
from config.settings import background, databases

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = Environment.load(BASE_DIR / ".env")

# --- Where things lie -----------------------------------------------------------------------
DATA_DIR = env.path("SIGNALS_DATA_DIR", BASE_DIR / "data", base=BASE_DIR)
STORE_PATH = DATA_DIR / "store.sqlite3"
BACKUP_DIR = env.path("BACKUP_DIR", DATA_DIR / "backup", base=BASE_DIR)
PUBLIC_BASE_URL = env.url("PUBLIC_BASE_URL", "http://127.0.0.1:8000")

# --- Upstreams ------------------------------------------------------------------------------
BINANCE_BASE_URL = env.url("BINANCE_BASE_URL", "https://fapi.binance.com")
OKX_BASE_URL = env.url("OKX_BASE_URL", "https://www.okx.com")
OKX_FALLBACK_BASE_URL = env.url(
    "OKX_FALLBACK_BASE_URL",
    # Whoever points OKX elsewhere must not reach the real one by falling back.
    "https://openapi.okx.com" if OKX_BASE_URL == "https://www.okx.com" else OKX_BASE_URL,
)
COINGECKO_BASE_URL = env.url("COINGECKO_BASE_URL", "https://api.coingecko.com/api/v3")
ALTERNATIVE_ME_BASE_URL = env.url("ALTERNATIVE_ME_BASE_URL", "https://api.alternative.me")
COINGECKO_DEMO_API_KEY = env.text("COINGECKO_DEMO_API_KEY", secret=True)

# Paid sources: on as soon as their key is set. The plan sets the budget and what can be asked.
COINGLASS_BASE_URL = env.url("COINGLASS_BASE_URL", "https://open-api-v4.coinglass.com")
COINGLASS_API_KEY = env.text("COINGLASS_API_KEY", secret=True)
COINGLASS_PLAN = env.choice(
    "COINGLASS_PLAN", "hobbyist", ("hobbyist", "startup", "standard", "professional")
)
LUNARCRUSH_BASE_URL = env.url("LUNARCRUSH_BASE_URL", "https://lunarcrush.com/api4")
LUNARCRUSH_API_KEY = env.text("LUNARCRUSH_API_KEY", secret=True)
LUNARCRUSH_PLAN = env.choice(
    "LUNARCRUSH_PLAN", "individual", ("hobby", "individual", "builder", "scale")
)
COINAPI_BASE_URL = env.url("COINAPI_BASE_URL", "https://rest.coinapi.io")
COINAPI_KEY = env.text("COINAPI_KEY", secret=True)
COINAPI_PLAN = env.choice("COINAPI_PLAN", "startup", ("startup", "streamer", "pro"))

# Share of a vendor's documented limit that we allow ourselves; the rest is for other programs
# behind the same address.
PROVIDER_BUDGET_SHARE = env.number("PROVIDER_BUDGET_SHARE", 0.8, least=0.01, most=1.0)
# CoinGecko's plans: what holds without a key is undocumented and shifts; 5 has been safe.
COINGECKO_CALLS_PER_MINUTE = env.integer(
    "COINGECKO_CALLS_PER_MINUTE", 30 if COINGECKO_DEMO_API_KEY else 5, least=1, most=1000
)
COINGECKO_CALLS_PER_MONTH = env.integer("COINGECKO_CALLS_PER_MONTH", 10_000, least=1)

# --- Telegram ---------------------------------------------------------------------------------
TELEGRAM_BASE_URL = env.url("TELEGRAM_BASE_URL", "https://api.telegram.org")
TELEGRAM_BOT_TOKEN = env.text("TELEGRAM_BOT_TOKEN", secret=True)
if not re.fullmatch(r"([0-9]+:[A-Za-z0-9_-]+)?", TELEGRAM_BOT_TOKEN):
    env.fault("TELEGRAM_BOT_TOKEN", None, "a token as BotFather gives it: digits, a colon, letters")
# Telegram numbers chats with up to 52 bits, groups negative; 0 stands for none.
TELEGRAM_CHAT_ID = env.integer("TELEGRAM_CHAT_ID", 0)
TELEGRAM_WEBHOOK_URL = env.url("TELEGRAM_WEBHOOK_URL", schemes=("https",))
TELEGRAM_WEBHOOK_SECRET = env.text("TELEGRAM_WEBHOOK_SECRET", secret=True)
if TELEGRAM_WEBHOOK_SECRET and not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", TELEGRAM_WEBHOOK_SECRET):
    env.fault("TELEGRAM_WEBHOOK_SECRET", None, "16 to 256 of A-Z a-z 0-9 _ -")
ALERT_RETENTION_DAYS = env.integer("ALERT_RETENTION_DAYS", 90, least=1, most=3650)

PROVIDER_BASE_URL_SETTINGS = (
    "BINANCE_BASE_URL",
    "OKX_BASE_URL",
    "OKX_FALLBACK_BASE_URL",
    "COINGECKO_BASE_URL",
    "ALTERNATIVE_ME_BASE_URL",
    "COINGLASS_BASE_URL",
    "LUNARCRUSH_BASE_URL",
    "COINAPI_BASE_URL",
    "TELEGRAM_BASE_URL",
)
# Liquidation streams. Whoever points a venue elsewhere must not mix in what the real one streams.
BINANCE_STREAM_URL = env.url(
    "BINANCE_STREAM_URL",
    "wss://fstream.binance.com" if BINANCE_BASE_URL == "https://fapi.binance.com" else None,
    schemes=("wss", "ws"),
)
OKX_STREAM_URL = env.url(
    "OKX_STREAM_URL",
    "wss://ws.okx.com:8443" if OKX_BASE_URL == "https://www.okx.com" else None,
    schemes=("wss", "ws"),
)
STREAM_URL_SETTINGS = ("BINANCE_STREAM_URL", "OKX_STREAM_URL")
# Rows of different environments never mix: every stored row carries this, every read filters on it.
ENVIRONMENT = (
    "sandbox"
    if any(
        is_loopback_url(globals()[name] or "")
        for name in (*PROVIDER_BASE_URL_SETTINGS, *STREAM_URL_SETTINGS)
    )
    else "live"
)
CLOCK_AT_MS = env.instant_ms("SIGNALS_CLOCK_AT")
if CLOCK_AT_MS is not None and ENVIRONMENT != "sandbox":
    env.fault(
        "SIGNALS_CLOCK_AT",
        env.raw("SIGNALS_CLOCK_AT"),
        "to be used only against the sandbox: real markets have no other time than now",
    )
# People must not be told of a simulated market, so a sandbox never writes to the real Telegram.
TELEGRAM_CAN_SEND = bool(TELEGRAM_BOT_TOKEN) and (
    ENVIRONMENT == "live" or is_loopback_url(TELEGRAM_BASE_URL or "")
)
TELEGRAM_DRY_RUN = env.boolean("TELEGRAM_DRY_RUN", not TELEGRAM_CAN_SEND)
if not TELEGRAM_DRY_RUN and not TELEGRAM_CAN_SEND:
    env.fault(
        "TELEGRAM_DRY_RUN",
        env.raw("TELEGRAM_DRY_RUN"),
        "true: sending needs TELEGRAM_BOT_TOKEN, and a sandbox has no access to the real Telegram",
    )

# --- Signals --------------------------------------------------------------------------------
SIGNAL_DEADLINE_S = env.duration_s("SIGNAL_DEADLINE_S", 8.0, least=0.5, most=30)
SIGNAL_CACHE_TTL_S = env.duration_s("SIGNAL_CACHE_TTL_S", 30, least=0, most=900)

# --- Scans ----------------------------------------------------------------------------------
SCAN_BATCH_SIZE = env.integer("SCAN_BATCH_SIZE", 50, least=1, most=200)
# Steady, a batch of fifty takes a few seconds; cold, or with a venue that hangs, it takes this.
SCAN_BATCH_DEADLINE_S = env.duration_s("SCAN_BATCH_DEADLINE_S", 20, least=1, most=120)
# Days; 0 keeps for ever, as signals and their counts always are.
SCAN_RUN_RETENTION_DAYS = env.integer("SCAN_RUN_RETENTION_DAYS", 30, least=0, most=36_500)
# What a request that scans may take, the answer itself and ten seconds being promised; what is not
# done by then goes on in the background.
SMART_MONEY_DEADLINE_S = env.duration_s("SMART_MONEY_DEADLINE_S", 9.5, least=2, most=30)
SMART_MONEY_RETENTION_DAYS = env.integer("SMART_MONEY_RETENTION_DAYS", 14, least=0, most=36_500)
MSS_DEADLINE_S = env.duration_s("MSS_DEADLINE_S", 9.5, least=2, most=30)
MSS_SCAN_EVERY_MIN = env.integer("MSS_SCAN_EVERY_MIN", 60, least=0, most=1440)
MSS_ALERT_COOLDOWN_H = env.integer("MSS_ALERT_COOLDOWN_H", 24, least=1, most=720)
MSS_RETENTION_DAYS = env.integer("MSS_RETENTION_DAYS", 90, least=0, most=36_500)
SERIES_RETENTION_DAYS = env.integer("SERIES_RETENTION_DAYS", 0, least=0, most=36_500)

# --- Outcomes -------------------------------------------------------------------------------
# Hours after a signal at which it is looked what came of it.
OUTCOME_HORIZONS_H = env.integer_csv("OUTCOME_HORIZONS_H", (1, 4, 24), least=1, most=168)
# Taker fee of one side in hundredths of a percent; opening and closing both pay it.
OUTCOME_FEE_BPS = env.number("OUTCOME_FEE_BPS", 5.0, least=0.0, most=100.0)

# --- Web ------------------------------------------------------------------------------------
WEB_WORKERS = env.integer("WEB_WORKERS", os.cpu_count() or 1, least=1, most=64)
# Cold evaluations wait for providers and may take half of these: room for 64 of them in each
# process. The server makes a thread when a request waits and ends it after 30 idle seconds.
WEB_THREADS = env.integer("WEB_THREADS", 128, least=1, most=256)
# A configured key is compared as it is; 16 characters keep it out of guessing range.
CONFIGURED_API_KEYS = env.secret_csv("API_KEYS", least_length=16)
ALLOWED_HOSTS = list(env.csv("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]")))
CSRF_TRUSTED_ORIGINS = list(env.csv("CSRF_TRUSTED_ORIGINS"))

# Proxies whose X-Forwarded-For is believed. Without them every client counts by the address that
# the connection comes from.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
# 0 is no limit. Where a proxy stands in front, strangers come through it.
ANONYMOUS_RATE_PER_MINUTE = env.integer(
    "ANONYMOUS_RATE_PER_MINUTE", 120 if TRUSTED_PROXIES else 0, least=0, most=1_000_000
)
API_KEY_RATE_PER_MINUTE = env.integer("API_KEY_RATE_PER_MINUTE", 600, least=0, most=10_000_000)
API_KEY_DAILY_QUOTA = env.integer("API_KEY_DAILY_QUOTA", 100_000, least=0, most=2_000_000_000)
# Web pages of other hosts that may call this API from a browser; with none, there is no CORS.
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")

DEBUG = False
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False  # the API has no trailing slashes; only the admin has
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
USE_I18N = False
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"
USE_TZ = True

INSTALLED_APPS = [
    "config.accounts.apps.AuditedAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config.accounts.apps.AccountsConfig",
    "market.apps.MarketConfig",
    "notifications.apps.NotificationsConfig",
    "smartmoney.apps.SmartMoneyConfig",
    "signals.apps.SignalsConfig",
    "mss.apps.MssConfig",
    "analytics.apps.AnalyticsConfig",
]

MIDDLEWARE = [
    "config.middleware.request_context",
    "config.api.caching.conditional_reads",
    "django.middleware.security.SecurityMiddleware",
    "config.request_limits.bounded_request",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

CORS_ALLOW_CREDENTIALS = False  # a key is a header; cookies are the admin's alone
CORS_URLS_REGEX = r"^/(?!admin(/|$))"
CORS_ALLOW_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
CORS_ALLOW_HEADERS = (
    "accept", "authorization", "content-type", "if-none-match", "mcp-protocol-version", "x-api-key",
)  # fmt: skip
CORS_EXPOSE_HEADERS = (
    "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After",
    "Age", "Deprecation", "ETag", "Sunset", "X-Request-ID",
)  # fmt: skip
if CORS_ALLOWED_ORIGINS:  # only then: it costs each request a little
    MIDDLEWARE.insert(1, "corsheaders.middleware.CorsMiddleware")

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# --- Database -------------------------------------------------------------------------------
DATABASES = {
    "default": databases.database(
        env.url("DATABASE_URL", schemes=databases.SCHEMES, secret=True, host_needed=False),
        DATA_DIR / "db.sqlite3",
    )
}

# SQLite leaves out an index's additional columns and reads them from the table: slower, not wrong.
SILENCED_SYSTEM_CHECKS = ["models.W040"]

REDIS_URL = env.url(
    "REDIS_URL", schemes=("redis", "rediss", "unix"), secret=True, host_needed=False
)

# --- Work in the background ---------------------------------------------------------------------
# Child processes of one worker: each does one task at a time.
WORKER_PROCESSES = env.integer("WORKER_PROCESSES", 2, least=1, most=64)
# Without Redis the broker is a folder: nothing to install, on one machine.
if REDIS_URL:
    CELERY_BROKER_URL = background.redis_broker_url(REDIS_URL)
    CELERY_BROKER_TRANSPORT: str | None = None
    CELERY_BROKER_TRANSPORT_OPTIONS = background.redis_broker(ENVIRONMENT)
else:
    CELERY_BROKER_URL = background.FILESYSTEM_URL
    CELERY_BROKER_TRANSPORT = background.FILESYSTEM_TRANSPORT
    CELERY_BROKER_TRANSPORT_OPTIONS = background.filesystem_broker(DATA_DIR / "broker")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # until it is back
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_QUEUES: dict[str, dict[str, object]] = {name: {} for name in schedule.QUEUES}
CELERY_TASK_DEFAULT_QUEUE = "fetch"
CELERY_TASK_CREATE_MISSING_QUEUES = False  # a misspelt queue fails instead of filling up unread
CELERY_TASK_ROUTES = schedule.TASK_ROUTES
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_SOFT_TIME_LIMIT = background.SOFT_TIME_LIMIT_S
CELERY_TASK_TIME_LIMIT = background.TIME_LIMIT_S
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = WORKER_PROCESSES
CELERY_WORKER_MAX_MEMORY_PER_CHILD = background.CHILD_MEMORY_KIB
# Answers to "celery inspect" need a broker that can broadcast without leaving files behind.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = bool(REDIS_URL)
CELERY_TIMEZONE = "UTC"
# Celery closes the connections, and with them a whole pool, around each task; config.celery gives
# them back to the pool instead.
CELERY_DB_REUSE_MAX = sys.maxsize

# --- API ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["config.api.renderers.OrjsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.api.negotiation.OnlyJson",
    "DEFAULT_PARSER_CLASSES": ["config.api.parsers.BoundedJsonParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["config.api.auth.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["config.api.auth.ReadAccess"],
    "DEFAULT_THROTTLE_CLASSES": ["config.api.throttling.ClientThrottle"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "config.api.schema.ProblemAutoSchema",
    "EXCEPTION_HANDLER": "config.api.errors.handle_exception",
    "URL_FORMAT_OVERRIDE": None,  # one format; "format" is free to be a parameter
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
CSRF_FAILURE_VIEW = "config.api.errors.csrf_failure"

SPECTACULAR_SETTINGS = {
    "TITLE": "Futures signals",
    "VERSION": version.VERSION,
    "DESCRIPTION": version.DESCRIPTION,
    "OAS_VERSION": "3.1.0",
    "TAGS": [
        {"name": "signals", "description": "LONG, SHORT or NEUTRAL, and why."},
        {"name": "history", "description": "What was published, kept for good and checkable."},
        {
            "name": "smart money",
            "description": "Who gathers and who hands out, and the structure of the price.",
        },
        {"name": "mss", "description": "Emerging coins in three phases, 0 to 100 points."},
        {
            "name": "analytics",
            "description": "What was said, how often, and what came of it: only outcomes count.",
        },
        {"name": "market", "description": "What the venues say, with the source of each number."},
        {"name": "assistants", "description": "What GPT Actions import; for MCP see /mcp."},
        {"name": "service", "description": "The service itself."},
    ],
    # Choices stay where they are used: as shared components each would need a name of its own.
    "POSTPROCESSING_HOOKS": ["config.api.examples.add_examples"],
    # Everything the documentation pages load comes from here: they work offline.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
}

# --- Logs -----------------------------------------------------------------------------------
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_FILE = env.path("LOG_FILE", DATA_DIR, base=DATA_DIR) if env.raw("LOG_FILE") else None


def logging_for(secret_key: str) -> dict[str, object]:
    """Return LOGGING; each environment calls it last, when every secret has been read."""
    return logging_settings(LOG_LEVEL, LOG_FILE, env.secrets | {secret_key})


env.finish()

"""The test suite: an own temporary data folder, nothing read from the developer's ``.env``.

``TEST_DATABASE_URL`` runs the same tests on Postgres.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ["SIGNALS_ENV_FILE"] = os.devnull

from config.settings import background, databases
from config.settings.base import *  # noqa: F403
from config.settings.base import env, logging_for

ENVIRONMENT = "test"
SECRET_KEY = "only-for-tests-0123456789abcdefghijklmnopqrstuvwxyz"  # noqa: S105
DATA_DIR = Path(tempfile.mkdtemp(prefix="signals-test-"))
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
STORE_PATH = DATA_DIR / "store.sqlite3"
BACKUP_DIR = DATA_DIR / "backup"
STATIC_ROOT = DATA_DIR / "static"

# A file, not memory: threads and processes of a test then share it as they do in service.
SQLITE_TEST_DATABASE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_DIR / "db.sqlite3",
    "OPTIONS": databases.SQLITE_OPTIONS,
    "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
}
_test_database_url = env.url(
    "TEST_DATABASE_URL", schemes=databases.SCHEMES, secret=True, host_needed=False
)
DATABASES = {
    "default": databases.database(_test_database_url, DATA_DIR / "db.sqlite3")
    if _test_database_url
    else SQLITE_TEST_DATABASE
}
REDIS_URL = None
CELERY_BROKER_URL = background.FILESYSTEM_URL
CELERY_BROKER_TRANSPORT = background.FILESYSTEM_TRANSPORT
CELERY_BROKER_TRANSPORT_OPTIONS = background.filesystem_broker(DATA_DIR / "broker")
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False

# The layout of the sandbox on a port where nothing listens: no test leaves this machine.
_NOWHERE = "http://127.0.0.1:9"
BINANCE_BASE_URL = f"{_NOWHERE}/binance"
OKX_BASE_URL = OKX_FALLBACK_BASE_URL = f"{_NOWHERE}/okx"
BINANCE_STREAM_URL, OKX_STREAM_URL = "ws://127.0.0.1:9/binance", "ws://127.0.0.1:9/okx"
COINGECKO_BASE_URL = f"{_NOWHERE}/coingecko/api/v3"
ALTERNATIVE_ME_BASE_URL = f"{_NOWHERE}/alternative_me"
COINGECKO_DEMO_API_KEY = ""
COINGLASS_BASE_URL = f"{_NOWHERE}/coinglass"
LUNARCRUSH_BASE_URL = f"{_NOWHERE}/lunarcrush/api4"
COINAPI_BASE_URL = f"{_NOWHERE}/coinapi"
COINGLASS_API_KEY = LUNARCRUSH_API_KEY = COINAPI_KEY = ""
COINGLASS_PLAN, LUNARCRUSH_PLAN, COINAPI_PLAN = "hobbyist", "individual", "startup"
TELEGRAM_BASE_URL = f"{_NOWHERE}/telegram"
TELEGRAM_BOT_TOKEN = "123456:only-for-tests"  # noqa: S105
TELEGRAM_CHAT_ID = 0
TELEGRAM_WEBHOOK_URL, TELEGRAM_WEBHOOK_SECRET = None, "only-for-tests-of-webhooks"
TELEGRAM_DRY_RUN = False
CLOCK_AT_MS = None
CONFIGURED_API_KEYS = ()
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

env.finish()

LOGGING = logging_for(SECRET_KEY)

"""``./run up``: one machine, no configuration, secrets made on first start.

DEBUG stays off, so what runs here behaves as in production; there is no HTTPS redirect, since
nothing here terminates TLS.
"""

from config.secret_files import read_or_create
from config.settings import base
from config.settings.base import *  # noqa: F403
from config.settings.base import DATA_DIR, TELEGRAM_WEBHOOK_URL, env, logging_for

SECRET_KEY = env.text("SECRET_KEY", secret=True)
TELEGRAM_WEBHOOK_SECRET = base.TELEGRAM_WEBHOOK_SECRET
try:
    if not SECRET_KEY:
        SECRET_KEY = read_or_create(DATA_DIR / "secret_key")
    if TELEGRAM_WEBHOOK_URL and not TELEGRAM_WEBHOOK_SECRET:
        TELEGRAM_WEBHOOK_SECRET = env.secret(read_or_create(DATA_DIR / "telegram_webhook_secret"))
except OSError:
    env.fault("SIGNALS_DATA_DIR", str(DATA_DIR), "a folder this user can write to")
env.finish()

LOGGING = logging_for(SECRET_KEY)

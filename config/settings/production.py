"""For others to use, behind a proxy that speaks TLS: no default secret, no sandbox, HTTPS only."""

from config.env import is_loopback_url
from config.settings import base
from config.settings.base import *  # noqa: F403
from config.settings.base import (
    ALLOWED_HOSTS,
    PROVIDER_BASE_URL_SETTINGS,
    PUBLIC_BASE_URL,
    STREAM_URL_SETTINGS,
    env,
    logging_for,
)

SECRET_KEY = env.text("SECRET_KEY", required=True, secret=True)
# Django's own measure of a key that cannot be guessed.
if SECRET_KEY and (len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5):
    env.fault("SECRET_KEY", None, "at least 50 random characters")

env.csv("ALLOWED_HOSTS", required=True)
if "*" in ALLOWED_HOSTS:
    env.fault("ALLOWED_HOSTS", "*", "the host names this service is reached by")
# Health checks of the same machine or container call it by these.
ALLOWED_HOSTS = [*ALLOWED_HOSTS, "localhost", "127.0.0.1"]

env.url("PUBLIC_BASE_URL", schemes=("https",), required=True)

for name in PROVIDER_BASE_URL_SETTINGS:
    url = getattr(base, name)
    if is_loopback_url(url) or not url.startswith("https://"):
        env.fault(name, url, "an https:// URL of the real provider: production has no sandbox")

if base.TELEGRAM_WEBHOOK_URL:  # several machines must agree on it, so it is not made here
    env.text("TELEGRAM_WEBHOOK_SECRET", required=True, secret=True)

for name in STREAM_URL_SETTINGS:
    url = getattr(base, name)
    # None: the venue was pointed elsewhere without its stream, which is then not recorded.
    if url is not None and (is_loopback_url(url) or not url.startswith("wss://")):
        env.fault(name, url, "a wss:// URL of the real venue: production has no sandbox")

SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^health(/ready)?$"]  # asked by load balancers without TLS
# The proxy must set this header itself and drop what clients send.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 365 * 24 * 3600, least=0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.boolean("SECURE_HSTS_INCLUDE_SUBDOMAINS", True)
SECURE_HSTS_PRELOAD = env.boolean("SECURE_HSTS_PRELOAD", True)
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = [*base.CSRF_TRUSTED_ORIGINS, str(PUBLIC_BASE_URL)]

env.finish()

LOGGING = logging_for(SECRET_KEY)

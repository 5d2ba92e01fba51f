"""Start-up checks that ``manage.py check`` and every other command run.

What the settings alone can tell (sandbox in production, a fixed clock on real markets, malformed
values) they refuse themselves, so that no process starts at all; here is what needs a look at the
machine.
"""

# ruff: noqa: ARG001 - Django fixes the signature of checks

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Concern

from config.env import is_loopback_url

# Files of the data folder that only their owner may read.
SECRET_FILES = ("secret_key", "admin.txt", "telegram_webhook_secret")


@register()
def check_data_folder(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    folder = settings.DATA_DIR
    if _writable(folder):
        return []
    return [
        Error(
            f"The data folder {folder} is not a folder this user can write to.",
            hint="Set SIGNALS_DATA_DIR to one, or give this user write access.",
            id="config.E001",
        )
    ]


@register()
def check_secret_files(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Concern(
            f"{file} can be read by other users of this machine.",
            hint=f"chmod 600 {file}",
            id="config.W001",
        )
        for file in (settings.DATA_DIR / name for name in SECRET_FILES)
        if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077
    ]


@register()
def check_upstreams_not_mixed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn when some upstreams are real and some are the sandbox."""
    names = (*settings.PROVIDER_BASE_URL_SETTINGS, *settings.STREAM_URL_SETTINGS)
    urls = {name: url for name in names if (url := getattr(settings, name))}
    real = sorted(name for name, url in urls.items() if not is_loopback_url(url))
    if not real or len(real) == len(urls):
        return []
    return [
        Concern(
            f"Some upstreams are the sandbox, others real: {', '.join(real)}.",
            hint="Point all of them at the sandbox, or none. Results are stored as sandbox.",
            id="config.W002",
        )
    ]


@register()
def check_proxy_is_known(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn when a proxy is in front and every client would count as the proxy."""
    if settings.SECURE_PROXY_SSL_HEADER is None or settings.TRUSTED_PROXIES:
        return []
    return [
        Concern(
            "A proxy is in front, but TRUSTED_PROXIES is not set: all clients have its address.",
            hint="Set it to the proxy's address, so that limits hold for each client by itself.",
            id="config.W003",
        )
    ]


def _writable(folder: Path) -> bool:
    """Tell whether the folder can be written to, or created if it is not there yet."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)

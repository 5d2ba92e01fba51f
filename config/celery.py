"""The Celery app: where work that a request must not wait for is done.

Broker messages are wake-ups only; what must not be lost is a row of some table, found again by a
sweep. So results are off, and a lost message costs seconds, not work.
"""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("futures-signals")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

if app.conf.broker_url.startswith("filesystem:"):
    for folder in set(app.conf.broker_transport_options.values()):
        Path(folder).mkdir(parents=True, exist_ok=True)

"""Start-up time and resident memory of the web server, as shipped."""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

import httpx

from tests.bench.report import heading, quantile, row, table_head
from tests.bench.stack import product, resident_mb

ROUNDS = 3
# The frameworks alone: what no code of ours can go below.
BARE = (
    "import django; from django.conf import settings; settings.configure(SECRET_KEY='x',"
    "INSTALLED_APPS=['django.contrib.auth','django.contrib.contenttypes','django.contrib.admin',"
    "'django.contrib.messages','django.contrib.sessions','rest_framework','drf_spectacular']);"
    "django.setup(); import rest_framework.viewsets, rest_framework.routers,"
    "drf_spectacular.views, celery, redis, httpx, psycopg, numpy"
)


def run() -> None:
    heading("Start-up and memory of web")
    table_head()
    bare_s = []
    for _ in range(ROUNDS):
        started = perf_counter()
        subprocess.run([sys.executable, "-c", BARE], check=True)
        bare_s.append(perf_counter() - started)
    ready_s, idle_mb, used_mb = [], [], []
    for _ in range(ROUNDS):
        with product() as (_, server):
            ready_s.append(server.ready_after_s)
            idle_mb.append(resident_mb(server.process.pid))
            for coin in ("BTC", "ETH", "SOL") * 20:
                httpx.get(f"{server.url}/signals/{coin}", timeout=30, trust_env=False)
            used_mb.append(resident_mb(server.process.pid))
    row("frameworks imported, nothing else", f"{quantile(bare_s, 0.5):.2f} s")
    row("web ready: first 200 of `/health`", f"{quantile(ready_s, 0.5):.2f} s", "≤ 3 s")
    row("memory at rest (PSS, all its processes)", f"{quantile(idle_mb, 0.5):.0f} MB", "≤ 200 MB")
    row("memory after 60 signals", f"{quantile(used_mb, 0.5):.0f} MB", "≤ 200 MB")

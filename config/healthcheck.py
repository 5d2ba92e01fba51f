"""Ask a running web process for health: ``python -m config.healthcheck URL [CHECK ...]``.

For container health checks: light, since it runs twice a minute and imports nothing of the service.
Without checks any answer but an error will do; otherwise each named check must be well.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

TIMEOUT_S = 8


def main(arguments: Sequence[str]) -> str | None:
    """Return None when all is well, else the sentence to fail with."""
    if not arguments:
        return "Which URL? python -m config.healthcheck URL [CHECK ...]"
    url, *names = arguments
    try:
        status, answer = _ask(url)
    except (OSError, ValueError) as error:
        return f"{url} does not answer: {error}"
    if not names:
        return None if status == HTTPStatus.OK else f"{url} answers {status}"
    checks = answer.get("checks", {})
    ill = [
        f"{name}: {checks[name]['detail'] if name in checks else 'no such check'}"
        for name in names
        if checks.get(name, {}).get("state") != "ok"
    ]
    return "; ".join(ill) or None


def _ask(url: str) -> tuple[int, dict[str, Any]]:
    # By a name that every installation answers to, whatever the containers call each other.
    request = urllib.request.Request(url, headers={"Host": "localhost"})  # noqa: S310 - our own
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        # The answer of a service that is not ready names its checks too.
        return error.code, json.load(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

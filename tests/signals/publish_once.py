"""A process of its own that publishes one evaluation when told to: ``python -m`` this module."""

from __future__ import annotations

import sys

import django


def main() -> None:
    django.setup()
    from signals.services import publish_signal
    from tests.signals.results import make_evaluation

    evaluation = make_evaluation(62.5)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    signal = publish_signal(evaluation)
    sys.stdout.write("published\n" if signal is not None else "left to another\n")


if __name__ == "__main__":
    main()

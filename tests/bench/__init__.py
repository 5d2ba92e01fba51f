"""Measurements, not tests: ``./run bench [name …]`` prints figures, peer and ours in one run.

Nothing here is collected by pytest. The suite never asserts on time; ``docs/benchmarks.md`` keeps
the ratios with date and machine size.
"""

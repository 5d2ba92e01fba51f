"""Postgres as Django knows it, and what our hot paths ask of it besides."""

"""The user and the API key. Only a hash of a key's secret is ever stored."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now


class User(AbstractUser):
    """Somebody who may log in to the admin. Own model, so that it can grow without surgery."""


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def with_state(self) -> ApiKeyQuerySet:
        """Add ``state``, by the database's clock: valid, expired or revoked."""
        return self.annotate(
            state=models.Case(
                models.When(revoked_at__isnull=False, then=models.Value("revoked")),
                models.When(expires_at__lte=Now(), then=models.Value("expired")),
                default=models.Value("valid"),
            )
        )


class ApiKey(models.Model):
    """A credential ``prefix.secret``: found by its prefix, proven by the hash of its secret.

    Rotated, it keeps its prefix; until ``previous_until`` the secret before proves it too.
    """

    class Scope(models.TextChoices):
        """Each scope includes those before it."""

        READ = "read", "read"
        WRITE = "write", "write"
        ADMIN = "admin", "admin"

    name = models.CharField(max_length=80, help_text="What uses this key.")
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    secret_sha256 = models.CharField(max_length=64, editable=False)
    scope = models.CharField(max_length=8, choices=Scope.choices, default=Scope.READ)
    rate_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Requests per minute; API_KEY_RATE_PER_MINUTE when empty, 0 for no limit.",
    )
    daily_quota = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Requests per day (UTC); API_KEY_DAILY_QUOTA when empty, 0 for no limit.",
    )
    previous_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    previous_until = models.DateTimeField(
        null=True, blank=True, editable=False, verbose_name="old secret valid until"
    )
    rotated_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Never, when empty.")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="api_key_scope_known",
                condition=models.Q(scope__in=["read", "write", "admin"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class AuditEntry(models.Model):
    """Who did what to keys, rules and the history. Written with the act, never changed."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=160, help_text="A user's name, a key's prefix, a command")
    action = models.CharField(max_length=60, help_text="As key.revoked or history.cleared")
    target = models.CharField(max_length=160, blank=True)
    detail = models.JSONField(default=dict, help_text="Documented beside each action; no secrets")

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["action", "-at"], name="audit_action"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor}: {self.action} {self.target}"

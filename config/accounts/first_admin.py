"""The first administrator of a fresh installation, with a password nobody else has."""

from __future__ import annotations

import secrets
from pathlib import Path

from config.accounts.models import User
from config.secret_files import read_or_create

USERNAME = "admin"
FILE_NAME = "admin.txt"
_PASSWORD_BYTES = 18  # 24 characters, 144 bits


def ensure_first_admin(data_dir: Path) -> Path | None:
    """Make an administrator if there is none; return the file that holds the password.

    The file comes first: whatever interrupts this, the next start goes on with the same password.
    None when an administrator exists already.
    """
    if User.objects.filter(is_superuser=True).exists():
        return None
    file = data_dir / FILE_NAME
    text = read_or_create(file, _credentials)
    password = text.rpartition("password: ")[2]
    user, _ = User.objects.get_or_create(
        username=USERNAME, defaults={"is_staff": True, "is_superuser": True}
    )
    user.is_staff = user.is_superuser = True
    user.set_password(password)
    user.save()
    return file


def _credentials() -> str:
    return f"username: {USERNAME}\npassword: {secrets.token_urlsafe(_PASSWORD_BYTES)}"

"""Django's settings for a process that reads a ledger and nothing else: no application at all."""

from typing import Any, Final

DATABASES: dict[str, Any] = {}
INSTALLED_APPS: Final[list[str]] = []
LOGGING_CONFIG: Final = None
TIME_ZONE: Final = "UTC"
USE_TZ: Final = True

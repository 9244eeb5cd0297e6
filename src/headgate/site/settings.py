"""Django's settings: everything that can be said is said by the environment.

HEADGATE_DATABASE is the address of the database, HEADGATE_SITE_ROLE the PostgreSQL role that the
service runs as: it may read and add rows, and nothing else.
"""

import os

from headgate.site.records.address import connection_settings

DATABASE_URL = os.environ.get("HEADGATE_DATABASE", "sqlite:///headgate.db")
DATABASES = {"default": connection_settings(DATABASE_URL)}
HEADGATE_SITE_ROLE = os.environ.get("HEADGATE_SITE_ROLE", "headgate_site")
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "headgate.site.records",
    "headgate.site.desk",
]
USE_TZ = True
TIME_ZONE = "UTC"
SECRET_KEY = ""

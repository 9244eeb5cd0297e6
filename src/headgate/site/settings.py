"""Django's settings: everything that can be said is said by the environment or by secret files.

`Site` is the one list of what can be said. A setting `x` is read from HEADGATE_X, or from the file
HEADGATE_X in the folder that HEADGATE_SECRETS names.
"""

import json
import os
import re
from pathlib import Path
from typing import Any, Final, Literal

import django
from django.utils.translation import gettext_lazy as _
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from headgate.core.faults import Fault, Faulty
from headgate.site.records.address import connection_settings


class Site(BaseSettings):
    """What whoever runs a site can say of it; every value has a default that is safe."""

    model_config = SettingsConfigDict(
        env_prefix="HEADGATE_",
        secrets_dir=os.environ.get("HEADGATE_SECRETS"),
        extra="ignore",
        use_attribute_docstrings=True,
    )

    database: str = "sqlite:///headgate.db"
    """The address of the database."""
    site_role: str = "headgate_site"
    """The PostgreSQL role that the service runs as: it may read and add rows, and nothing else."""
    secret_key: SecretStr = SecretStr("")
    """What signs sessions; `headgate serve` makes one in a file of mode 600 where none is said."""
    programme: str = "korea-2025"
    """The programme whose policy the policy owner can adopt here: a folder, or a name."""
    what_if_trace: str = ""
    """The jobs of the what-if page: a trace's file, or generated:NAME:GPUS:WEEKS; else a year."""
    demo: bool = False
    """Whether anybody may sign in as any persona of the demo, by one click."""
    https: bool = True
    """Whether browsers reach the site by HTTPS; cookies then never travel without it."""
    address: str = ""
    """Where people reach the site, as https://gpu.example.org: links in letters lead there."""
    hosts: list[str] = ["localhost", "127.0.0.1", "[::1]"]
    """The names under which the site answers."""
    signup: Literal["open", "closed"] = "closed"
    """Whether anybody may make an account, which is an applicant's; that needs e-mail."""
    email_host: str = ""
    """The mail server; without one, messages are printed where the site runs."""
    email_port: int = 25
    """Where it listens: often 587 with `starttls`, 465 with `tls`."""
    email_security: Literal["none", "starttls", "tls"] = "none"
    """How what is sent to it is kept from others."""
    email_user: str = ""
    """The account that it wants, if any."""
    email_password: SecretStr = SecretStr("")
    """The password of that account."""
    email_from: str = "headgate@localhost"
    """Who messages are from."""
    oidc_issuer: str = ""
    """The address of the OpenID Connect provider by which people sign in."""
    oidc_client: str = ""
    """The name by which the provider knows the site."""
    oidc_secret: SecretStr = SecretStr("")
    """What proves the site to the provider."""
    oidc_name: str = "OpenID Connect"
    """What the button to the provider says."""
    oidc_roles: dict[str, str] = {}
    """Which group of the provider makes a person which role here, as JSON."""
    log: Literal["text", "json"] = "text"
    """Text: what went wrong, for a person; JSON: every answer too, a line each, for a collector."""
    metrics_token: SecretStr = SecretStr("")
    """What a reader of /metrics must show; without one, only this machine may read it."""


def said() -> Site:
    """What was said; raises Faulty with every setting that cannot be read, by its own name."""
    folder = os.environ.get("HEADGATE_SECRETS")
    if folder and not Path(folder).is_dir():
        mend = "Name the folder whose files are settings, or unset it."
        what = f"There is no folder {folder}."
        raise Faulty([Fault("HEADGATE_SECRETS", 0, 0, "setting-unreadable", what, mend)])
    try:
        return Site()
    except ValidationError as error:
        wrong = {str(one["loc"][0]): f"{one['msg']}." for one in error.errors()}
    except SettingsError as error:
        wrong = {re.findall('"(.+?)"', str(error))[0]: "It is no JSON."}
    raise Faulty(_unreadable(name, what) for name, what in wrong.items()) from None


def _unreadable(name: str, what: str) -> Fault:
    field = Site.model_fields[name]
    mend = f"{field.description} For example: {json.dumps(field.default, default=str)}"
    return Fault(f"HEADGATE_{name.upper()}", 0, 0, "setting-unreadable", what, mend)


SITE: Final = said()
PORTAL: Final = Path(__file__).parent / "portal"

DATABASE_URL = SITE.database
DATABASES = {"default": connection_settings(DATABASE_URL)}
HEADGATE_SITE_ROLE = SITE.site_role
HEADGATE_DEMO = SITE.demo
HEADGATE_PROGRAMME = SITE.programme
HEADGATE_WHAT_IF_TRACE = SITE.what_if_trace
HEADGATE_OIDC_ROLES = SITE.oidc_roles
HEADGATE_SIGNUP = SITE.signup
HEADGATE_METRICS_TOKEN = SITE.metrics_token.get_secret_value()
HEADGATE_ADDRESS = SITE.address.rstrip("/") or "http://127.0.0.1:8000"

INSTALLED_APPS = [
    "headgate.site.records",
    "headgate.site.portal",
    "headgate.site.desk",
    "headgate.site.agents",
    "headgate.site.notices",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    # It brings a client of its own for the web, 4 MiB a worker.
    *(["allauth.socialaccount.providers.openid_connect"] if SITE.oidc_issuer else []),
    "allauth.usersessions",
    "rules",
]
MIDDLEWARE = [
    "headgate.site.portal.watched.watched",
    "django.middleware.security.SecurityMiddleware",
    "headgate.site.portal.middleware.content_security",
    "headgate.site.portal.middleware.gathered",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "headgate.site.portal.preparing.prepared",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "headgate.site.portal.middleware.readable",
]
if HEADGATE_DEMO:
    MIDDLEWARE.append("headgate.site.notices.working.told_at_once")
ROOT_URLCONF = "headgate.site.portal.urls"
ASGI_APPLICATION = "headgate.site.portal.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "headgate.site.portal.context.portal",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "headgate.site.portal.templatetags.portal",
            ],
        },
    }
]
FORM_RENDERER = "headgate.site.portal.forms.Renderer"

SECRET_KEY = SITE.secret_key.get_secret_value()
ALLOWED_HOSTS = SITE.hosts
AUTH_USER_MODEL = "portal.Person"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": name}
    for name in (
        "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "django.contrib.auth.password_validation.MinimumLengthValidator",
        "headgate.site.portal.people.CommonPassword",
        "django.contrib.auth.password_validation.NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "programme"
CSRF_FAILURE_VIEW = "headgate.site.portal.refusals.csrf_failure"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 31_536_000 if SITE.https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SITE.https else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SITE.https
LANGUAGE_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024**2
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

ACCOUNT_ADAPTER = "headgate.site.portal.people.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if SITE.signup == "open" else "none"
ACCOUNT_LOGIN_BY_CODE_ENABLED = False
# Who has the link has the address: others' guesses, which make a name wait, do not keep them out.
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Headgate: "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SITE.https else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if SITE.https else 0
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SITE.https
MFA_TOTP_ISSUER = "Headgate"
# A code of the half minute before or after holds too, as it may end while a person types.
MFA_TOTP_TOLERANCE = 1
SOCIALACCOUNT_ADAPTER = "headgate.site.portal.people.SocialAdapter"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": SITE.oidc_name,
                "client_id": SITE.oidc_client,
                "secret": SITE.oidc_secret.get_secret_value(),
                "settings": {"server_url": SITE.oidc_issuer},
            }
        ]
        if SITE.oidc_issuer
        else [],
    }
}
HEADGATE_FORM_TARGETS = [SITE.oidc_issuer] if SITE.oidc_issuer else []
"""Where, besides this site, a form may lead: the provider by which people sign in."""

HEADGATE_EMAIL_HOST = SITE.email_host
_POST = f"django.core.mail.backends.{'smtp' if SITE.email_host else 'console'}.EmailBackend"
_SERVER: dict[str, Any] = {
    "host": SITE.email_host,
    "port": SITE.email_port,
    "username": SITE.email_user,
    "password": SITE.email_password.get_secret_value(),
    "use_tls": SITE.email_security == "starttls",
    "use_ssl": SITE.email_security == "tls",
    "timeout": 30,
}
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": _POST, "OPTIONS": _SERVER if SITE.email_host else {}}}
else:
    EMAIL_BACKEND, EMAIL_TIMEOUT = _POST, _SERVER["timeout"]
    EMAIL_HOST, EMAIL_PORT = _SERVER["host"], _SERVER["port"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _SERVER["username"], _SERVER["password"]
    EMAIL_USE_TLS, EMAIL_USE_SSL = _SERVER["use_tls"], _SERVER["use_ssl"]
DEFAULT_FROM_EMAIL = SITE.email_from

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"of_request": {"()": "headgate.site.portal.watched.OfRequest"}},
    "formatters": {
        "json": {"()": "headgate.site.portal.watched.Lines"},
        "text": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {
        "said": {
            "class": "logging.StreamHandler",
            "formatter": SITE.log,
            "filters": ["of_request"],
        }
    },
    "root": {"handlers": ["said"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "headgate": {"level": "INFO" if SITE.log == "json" else "WARNING"},
    },
}

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("vi", _("Vietnamese")), ("ko", _("Korean"))]
LOCALE_PATHS = [str(PORTAL / "locale")]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
"""What the proxy before the site does, or what is not the site's to say of other names."""

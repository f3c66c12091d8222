"""Settings, read top to bottom: paths, apps, database, security, celery, console, own DEX_* ones."""

import secrets
from urllib.parse import urlsplit

import django_stubs_ext
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from dex import __version__, database, env, limits, logs, paths, timezones

django_stubs_ext.monkeypatch()  # Django classes take type arguments: models.Field[Any, Any]

# --- Paths ---------------------------------------------------------------------------------------
DEX_HOME = paths.home()
DEX_SECRETS_DIR = DEX_HOME / "secrets"
DEX_DISK_PATH = DEX_HOME  # where free disk is measured
DEX_LOG_FOLDER = DEX_HOME / "log"  # of `up`; see operations.output
STATIC_ROOT = DEX_HOME / "static"
STATIC_URL = "/static/"
STATICFILES_DIRS = [paths.CODE / "static"] if (paths.CODE / "static").is_dir() else []
LOCALE_PATHS = [paths.CODE / "locale"]

# --- This instance -------------------------------------------------------------------------------
DEX_VERSION = __version__
DEX_HOST = env.text("DEX_HOST", "127.0.0.1")
DEX_PORT = env.integer("DEX_PORT", 8000, low=1, high=65535)
DEX_PUBLIC_URL = env.text("DEX_PUBLIC_URL", f"http://localhost:{DEX_PORT}").rstrip("/")
DEX_TRUSTED_PROXIES = env.networks("DEX_TRUSTED_PROXIES")
DEX_ADDRESS_FILES = env.paths("DEX_ADDRESS_FILES")  # where public addresses are looked up
DEX_PROCESS = env.text("DEX_PROCESS", "command")  # set by the launcher: prepare, web, ...

# --- Apps: ours from the lowest layer up; erasure walks them backwards -----------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # the site is ours: dex.admin_site
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "dex.apps.DexAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "guardian",
    "rest_framework",
    "django_celery_beat",
    "apps.core",
    "apps.nql",
    "apps.audit",
    "apps.accounts",
    "apps.organization",
    "apps.events",
    "apps.devices",
    "apps.collectors",
    "apps.users",
    "apps.binaries",
    "apps.gdpr",
    "dex.apps.DexConfig",
]
MIDDLEWARE = [
    "apps.core.request_id.RequestIdMiddleware",
    "dex.proxies.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.http.PreferencesMiddleware",
    "apps.core.pages.DomainErrorMiddleware",  # above the next, which records refusals first
    "apps.accounts.http.ScopeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "dex.urls"
WSGI_APPLICATION = "dex.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [paths.CODE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- Database ------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL")
DATABASES = {
    "default": database.external(DATABASE_URL, DEX_PROCESS)
    if DATABASE_URL
    else database.embedded(
        DEX_HOME,
        env.secret("DEX_DATABASE_PASSWORD", DEX_SECRETS_DIR / "database_password", ""),
        DEX_PROCESS,
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Cache: rate limits, view tokens, dimension ids; apart from the broker --------------------------
CELERY_BROKER_URL = env.text(
    "CELERY_BROKER_URL", f"redis+socket://{paths.socket_folder(DEX_HOME, 'broker')}/valkey.sock"
)
CACHES = database.caches(
    env.text("DEX_CACHE_URL"), CELERY_BROKER_URL, paths.socket_folder(DEX_HOME, "cache")
)

# --- Security ------------------------------------------------------------------------------------
# Without a launcher (makemigrations on a fresh clone) a key of this process alone will do.
SECRET_KEY = env.secret("DEX_SECRET_KEY", DEX_SECRETS_DIR / "secret_key", secrets.token_urlsafe(50))
DEBUG = False
_public = urlsplit(DEX_PUBLIC_URL)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]  # links come from DEX_PUBLIC_URL alone
if _public.hostname and _public.hostname not in ALLOWED_HOSTS:
    ALLOWED_HOSTS.append(_public.hostname)
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
_https = _public.scheme == "https"
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^collector/v1/"]  # a redirect loses a POST
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # of trusted proxies: dex/proxies.py
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0  # one year
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_NAME = "__Host-dex-session" if _https else "dex-session"
CSRF_COOKIE_NAME = "__Host-dex-csrf" if _https else "dex-csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = _https
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL],  # Alpine, in Unfold, evaluates its attributes
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
}

AUTH_USER_MODEL = "accounts.Account"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None  # guardian makes no phantom account
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
CSRF_FAILURE_VIEW = "apps.core.pages.csrf_failure"
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")

# --- Bodies: the hot ingest path has its own limits, these are for forms ---------------------------
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# --- Celery --------------------------------------------------------------------------------------
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True  # long work is a row with a state; nothing waits for a result
CELERY_TASK_TIME_LIMIT = 3600  # seconds; each task names its own below
# RabbitMQ: who publishes waits until the task lies on its disk. Other brokers take no notice.
CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5  # seconds until a changed schedule is seen
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
DEX_QUEUES = ["default", "ingest", "maintenance"]  # a task outside them would never run

# --- API -----------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "apps.core.api.errors.problem_response",
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

# --- Languages and time --------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
USE_I18N = True
FORMAT_MODULE_PATH = ["dex.formats"]
USE_TZ = True
TIME_ZONE = timezones.instance_zone(DEX_HOME)

# --- Static files: served by the web processes themselves, nothing from elsewhere -------------------
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DEX_HOME / "storage"},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if DEX_PROCESS == "prepare" or (STATIC_ROOT / "staticfiles.json").exists()
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- Console -------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "dex",
    "SITE_HEADER": "dex",
    "SITE_SYMBOL": "monitoring",
    "SITE_URL": None,  # there is no site beside the console
    "LOGIN": {"form": "apps.accounts.forms.SignInForm"},  # counts failures
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "STYLES": ["dex.navigation.style"],
    "SCRIPTS": ["dex.navigation.script"],
    "SIDEBAR": {"show_search": True, "navigation": "dex.navigation.sidebar"},
}

# --- Logs: JSON lines on the standard output; the launcher keeps them in files ----------------------
LOGGING = logs.configuration()

# --- Own -----------------------------------------------------------------------------------------
DEX_PARTITION_DAYS_AHEAD = 7
DEX_PARTITION_DAYS_BEHIND = None  # None: the term of the retention class
DEX_LIMITS = limits.LIMITS
SILENCED_SYSTEM_CHECKS: list[str] = []

if DEX_PROCESS not in {"command", "prepare", "web", "worker", "beat"}:
    raise ImproperlyConfigured(
        "DEX_PROCESS is the launcher's: command, prepare, web, worker or beat."
    )

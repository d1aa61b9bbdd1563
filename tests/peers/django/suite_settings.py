"""Settings of Django's own test suite, on the server and with the options that run.py gives."""

import json
import os

DATABASES = {
    alias: {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["SUITE_HOST"],
        "USER": os.environ["SUITE_USER"],
        "NAME": "postgres",
        "OPTIONS": json.loads(os.environ["SUITE_OPTIONS"]),
        "TEST": {"NAME": f"{os.environ['SUITE_NAME']}_{alias}"},
    }
    for alias in ("default", "other")
}
TEST_RUNNER = "suite_runner.SuiteRunner"

# As Django's own settings for its suite have them.
SECRET_KEY = "django_tests_secret_key"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False

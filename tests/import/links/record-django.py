"""Writes a file a time zone, django-ZONE.json: links that a real Djoser mailed, the users that they were mailed to, and how long Django
takes them.

    pip install 'Django==5.2.*' djoser
    python record-django.py

Each recording has the moment of now. Users and hashes are drawn anew, so a new recording differs in every line.
"""

import datetime
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time

ZONES = {  # TIME_ZONE, USE_TZ
    "utc": ("UTC", True),
    "ahead": ("Asia/Kolkata", True),  # its clocks are five and a half hours ahead of what the database holds
    "naive": ("Pacific/Honolulu", False),  # the database holds what its clocks say
}
KEY = "kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6-the-key-of-the-project"
OLD_KEY = "django-insecure-and-the-one-before-it(it-has-signed-as-well)"
LIFE = 3 * 24 * 3600


def users(zone):
    from django.contrib.auth.hashers import PBKDF2PasswordHasher
    from django.contrib.auth.models import User

    quick = PBKDF2PasswordHasher()
    quick.iterations = 1000
    hashed = lambda password: quick.encode(password, quick.salt())
    login = datetime.datetime(2025, 11, 3, 23, 59, 59, 999999)
    login = login if zone == "naive" else login.replace(tzinfo=datetime.timezone.utc)
    everybody = [
        User(username="ada", email="ada@example.org", password=hashed("Walrus-0yster-1"), last_login=login),
        User(username="bob", email="Bob.Mixed@Example.ORG", password=hashed("Walrus-0yster-2")),
        User(username="zoë", email="zoe@exämple.org", password=hashed("Walrus-0yster-3"), last_login=login.replace(microsecond=0)),
        User(username="cyd", email="cyd@example.org", password=hashed("Walrus-0yster-4"), is_active=False),
        User(username="dan", email="dan@example.org", password=hashed("Walrus-0yster-5"), is_active=False, last_login=login),
    ]
    for user in everybody:
        user.save()


def mailed(path, email, key):
    from django.core import mail
    from django.test import override_settings
    from rest_framework.test import APIClient

    mail.outbox.clear()
    with override_settings(SECRET_KEY=key):
        answer = APIClient().post(f"/auth/users/{path}/", {"email": email}, format="json")
    assert answer.status_code == 204, answer.data
    assert len(mail.outbox) == 1, (path, email)
    uid, token = re.search(r"/([^/\s]+)/([0-9a-z]+-[0-9a-f]+)\s", mail.outbox[0].body).groups()
    return {"kind": path, "email": email, "key": "current" if key == KEY else "fallback", "uid": uid, "token": token}


def verdicts(link):
    """What Django says when so many seconds have passed since the link was made."""
    from django.contrib.auth.models import User
    from django.contrib.auth.tokens import default_token_generator as generator

    user = User.objects.get(email=link["email"])
    made = datetime.datetime(2001, 1, 1) + datetime.timedelta(seconds=int(link["token"].split("-")[0], 36))
    told = []
    for passed in (0, LIFE, LIFE + 1):
        generator._now = lambda: made + datetime.timedelta(seconds=passed)
        told.append([passed, generator.check_token(user, link["token"])])
    del generator._now
    return told


def record(zone):
    import django
    from django.conf import settings

    name, use_tz = ZONES[zone]
    # What Django does with TIME_ZONE when it reads a module of settings.
    os.environ["TZ"] = name
    time.tzset()
    database = tempfile.mktemp(suffix=".sqlite3")
    settings.configure(
        SECRET_KEY=KEY,
        SECRET_KEY_FALLBACKS=[OLD_KEY],
        TIME_ZONE=name,
        USE_TZ=use_tz,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="record-django",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "djoser"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
        REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": []},
        DJOSER={
            "PASSWORD_RESET_CONFIRM_URL": "password/reset/confirm/{uid}/{token}",
            "USERNAME_RESET_CONFIRM_URL": "username/reset/confirm/{uid}/{token}",
            "ACTIVATION_URL": "activate/{uid}/{token}",
            "SEND_ACTIVATION_EMAIL": True,
            "TOKEN_MODEL": None,
        },
    )
    django.setup()
    from django.core import mail
    from django.core.management import call_command
    from django.db import connection

    mail.outbox = []
    call_command("migrate", verbosity=0)
    users(zone)
    made_at = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    links = [
        mailed("reset_password", "ada@example.org", KEY),
        mailed("reset_password", "Bob.Mixed@Example.ORG", OLD_KEY),
        mailed("reset_username", "zoe@exämple.org", KEY),
        mailed("resend_activation", "cyd@example.org", KEY),
        mailed("resend_activation", "dan@example.org", OLD_KEY),
    ]
    for link in links:
        link["verdicts"] = verdicts(link)
    offset = datetime.datetime.now().astimezone().isoformat()[-6:]
    connection.close()
    source = sqlite3.connect(database)
    for table in ("auth_permission", "django_content_type", "django_migrations", "sqlite_sequence"):
        source.execute(f"DELETE FROM {table}")
    source.commit()
    sql = [line for line in source.iterdump() if "sqlite_sequence" not in line]
    os.remove(database)
    recorded = {
        "django": django.__version__,
        "time_zone": name,
        "use_tz": use_tz,
        "utc_offset": offset,
        "secret_key": KEY,
        "secret_key_fallbacks": [OLD_KEY],
        "made_at": made_at.isoformat().replace("+00:00", "Z"),
        "links": links,
        "sqlite": sql,
    }
    with open(f"django-{zone}.json", "w", encoding="utf-8") as file:
        json.dump(recorded, file, ensure_ascii=False, indent=1)
        file.write("\n")


if __name__ == "__main__" and len(sys.argv) > 1:
    record(sys.argv[1])
elif __name__ == "__main__":
    # Django is configured once in a process.
    for zone in ZONES:
        subprocess.run([sys.executable, __file__, zone], check=True)
else:  # the ROOT_URLCONF
    from django.urls import include, path

    urlpatterns = [path("auth/", include("djoser.urls"))]

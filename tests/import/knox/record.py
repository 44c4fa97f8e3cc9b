"""Makes the databases of this folder with the real django-rest-knox, and records what it answers to their tokens.

    python record.py make FILE       users and tokens, by the Knox that is installed; FILE may be of an earlier Knox
    python record.py ask FILE        what this Knox answers, as JSON lines
    python record.py rows FILE       all rows
    python record.py load URL        puts the rows of rows.json into another database

See record.sh, which does all of it. Tokens are drawn anew, so that a new recording differs in every line.
"""

import datetime
import json
import os
import sys

import django
from django.conf import settings

what, where = sys.argv[1:]
ENGINES = {
    "postgres": "django.db.backends.postgresql",
    "mysql": "django.db.backends.mysql",
}
kind, _, rest = where.partition("://")
if kind in ENGINES:
    # KIND://USER@HOST:PORT/NAME
    server, name = rest.split("/")
    user, address = server.split("@")
    host, port = address.split(":")
    database = {"ENGINE": ENGINES[kind], "NAME": name, "USER": user, "HOST": host, "PORT": port}
    if kind == "mysql":
        import pymysql

        pymysql.version_info = (2, 2, 8, "final", 0)
        pymysql.install_as_MySQLdb()
        database["OPTIONS"] = {"charset": "utf8mb4"}
else:
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": where}

settings.configure(
    SECRET_KEY="recorded",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="__main__",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "knox"],
    DATABASES={"default": database},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["knox.auth.TokenAuthentication"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    REST_KNOX={"TOKEN_TTL": datetime.timedelta(days=30)},
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.urls import include, path  # noqa: E402
from knox.models import AuthToken  # noqa: E402
from rest_framework.permissions import IsAuthenticated  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

AHEAD = datetime.timedelta(days=30 * 365)


class Me(APIView):
    """As Djoser's `users/me/`, which asks nothing else of whoever calls."""

    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({"email": request.user.email, "id": request.user.id, "username": request.user.username})


urlpatterns = [path("auth/users/me/", Me.as_view()), path("auth/", include("knox.urls"))]


def version():
    from importlib.metadata import version

    return version("django-rest-knox")


def notes():
    """What the tokens are in clear, beside the database: it knows no such thing."""
    name = where + ".tokens"
    return name, json.load(open(name)) if os.path.exists(name) else []


def make():
    call_command("migrate", verbosity=0)
    major = version().split(".")[0]
    users = ["ann", "bob", "cleo", "dora"]
    if not User.objects.exists():
        for name in users:
            User.objects.create_user(name, f"{name}@example.com", f"{name}-walrus-17")
        User.objects.filter(username="dora").update(is_active=False)
    user = {name: User.objects.get(username=name) for name in users}
    name, made = notes()

    def token(whose, about, expiry=None, **more):
        row, text = AuthToken.objects.create(user=user[whose], expiry=expiry, **more)
        made.append({"about": f"Knox {major}, {about}", "user": whose, "token": text, "digest": row.digest})
        return row

    token("ann", "without an end")
    token("ann", "with an end", AHEAD)
    token("ann", "a third one", AHEAD)
    # Through the wire: an expired one is deleted whenever its user is asked about, so it is all that cleo has.
    row = token("cleo", "expired", AHEAD)
    AuthToken.objects.filter(pk=row.pk).update(expiry="2024-05-05T06:07:08.123456Z")
    token("dora", "of an inactive user", AHEAD)
    token("bob", "logged out", AHEAD).delete()
    token("bob", "of bob", AHEAD)
    if major != "4":
        token("bob", "with a prefix", AHEAD, prefix="phone_")
        token("bob", "with a prefix of ten", AHEAD, prefix="0123456789")
    json.dump(made, open(name, "w"))


def ask():
    """In transactions that are taken back: Knox deletes what has expired when it is asked."""
    from django.db import transaction
    from django.test import Client

    def said(header, method="get", at="/auth/users/me/"):
        client = Client(raise_request_exception=False)
        more = {} if header is None else {"HTTP_AUTHORIZATION": header}
        answer = getattr(client, method)(at, **more)
        is_json = answer.headers.get("Content-Type") == "application/json"
        return {
            "status": answer.status_code,
            "body": answer.json() if is_json else None,
            "www_authenticate": answer.headers.get("WWW-Authenticate"),
        }

    def row(about, header, more=None):
        with transaction.atomic():
            answer = said(header)
            transaction.set_rollback(True)
        print(json.dumps({"knox": version(), "about": about, "header": header, **(more or {}), **answer}))

    made = notes()[1]
    for one in made:
        row(one["about"], f"Token {one['token']}", {key: one[key] for key in ["user", "digest"]})
    live = next(one["token"] for one in made if said(f"Token {one['token']}")["status"] == 200)
    row("no header", None)
    row("another scheme", f"Bearer {live}")
    row("the scheme in another case", f"tOKEN {live}")
    row("the scheme alone", "Token")
    row("two words", f"Token {live} {live}")
    row("never issued", f"Token {'5' * len(live)}")
    row("its beginning", f"Token {live[:15]}")
    row("one letter less", f"Token {live[:-1]}")
    row("another last letter", f"Token {live[:-1]}{'0' if live[-1] != '0' else '1'}")
    row("the stored digest", f"Token {next(one['digest'] for one in made if one['token'] == live)}")
    row("no hexadecimal digits", "Token " + live[:15] + "walrus")
    row("in capitals", f"Token {live[:15]}{live[15:].upper()}")
    for about, at in [("logout", "/auth/logout/"), ("logoutall", "/auth/logoutall/"), ("login", "/auth/login/")]:
        with transaction.atomic():
            answer = said(f"Token {live}", "post", at)
            others = sum(said(f"Token {one['token']}")["status"] == 200 for one in made if one["token"] != live)
            after = said(f"Token {live}")
            transaction.set_rollback(True)
        if about == "login":
            answer["body"] = sorted(answer["body"])
        told = {"knox": version(), "about": f"POST {at}", **answer, "then": after["status"], "others_live": others}
        print(json.dumps(told))


def rows():
    call_command("dumpdata", "auth.user", "knox", indent=None, verbosity=0)


def load():
    call_command("migrate", verbosity=0)
    call_command("loaddata", "rows.json", verbosity=0)


if __name__ == "__main__":
    {"make": make, "ask": ask, "rows": rows, "load": load}[what]()

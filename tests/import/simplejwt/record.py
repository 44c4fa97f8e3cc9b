"""Writes PROFILE.json: tokens that a real simplejwt signed for the users of ../django, and what Djoser answers to each.

    pip install 'Django==5.2.*' 'djoser==2.3.*' 'djangorestframework-simplejwt==5.5.*' 'PyJWT[crypto]' argon2-cffi bcrypt
    for profile in plain blacklist rs256; do python record.py $profile > $profile.json; done

The tokens live from 2024 until 2037, so that the recording does not age soon. Each has new ids, so that a new recording differs
in every line.
"""

import json
import sqlite3
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import django
from django.conf import settings

PROFILE = sys.argv[1]
THEN = datetime(2024, 1, 15, 12, tzinfo=timezone.utc)
LIFETIME = timedelta(days=5000)
SECRET = "django-insecure-a-key-of-the-recording-only-0123456789-walrus"
APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "rest_framework.authtoken", "djoser"]
SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": LIFETIME, "REFRESH_TOKEN_LIFETIME": LIFETIME, "SIGNING_KEY": SECRET}
PUBLIC = None

if PROFILE == "blacklist":
    APPS.append("rest_framework_simplejwt.token_blacklist")
    SIMPLE_JWT |= {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
if PROFILE == "rs256":
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM
    private = pair.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    PUBLIC = pair.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    SIMPLE_JWT |= {
        "ALGORITHM": "RS256",
        "SIGNING_KEY": private,
        "VERIFYING_KEY": PUBLIC,
        "AUDIENCE": ["shop", "back-office"],
        "ISSUER": "https://django.example",
        "USER_ID_CLAIM": "uid",
        "TOKEN_TYPE_CLAIM": "typ",
        "JTI_CLAIM": "tid",
        "CHECK_REVOKE_TOKEN": True,
    }

database = Path(tempfile.mkdtemp()) / "django.sqlite3"
with sqlite3.connect(database) as made:
    made.executescript((Path(__file__).parent.parent / "django" / "sqlite.sql").read_text())

settings.configure(
    SECRET_KEY=SECRET,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=APPS,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    SIMPLE_JWT=SIMPLE_JWT,
)
django.setup()

import jwt  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import include, path  # noqa: E402
from rest_framework_simplejwt import tokens  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, SlidingToken  # noqa: E402

urlpatterns = [path("auth/", include("djoser.urls")), path("auth/", include("djoser.urls.jwt"))]
call_command("migrate", verbosity=0)

now = tokens.aware_utcnow


def at(moment, make):
    tokens.aware_utcnow = lambda: moment
    try:
        return make()
    finally:
        tokens.aware_utcnow = now


def access(user, moment=THEN, **claims):
    """An access token as a login makes it, with these claims in their place; `None` takes one away."""
    return changed(at(moment, lambda: RefreshToken.for_user(user).access_token), claims)


def refresh(user, moment=THEN, **claims):
    return changed(at(moment, lambda: RefreshToken.for_user(user)), claims)


def changed(token, claims):
    for name, value in claims.items():
        if value is None:
            del token[name]
        else:
            token[name] = value
    return str(token)


def again(token, key, algorithm, **claims):
    """The same claims and these, under another key."""
    payload = jwt.decode(token, options={"verify_signature": False}) | claims
    return jwt.encode(payload, key, algorithm=algorithm)


ada, bob, inactive = (User.objects.get(pk=pk) for pk in (1, 5, 12))
claim = settings.SIMPLE_JWT.get
uid, kind, jti = claim("USER_ID_CLAIM", "user_id"), claim("TOKEN_TYPE_CLAIM", "token_type"), claim("JTI_CLAIM", "jti")
CASES = {
    "access": access(ada),
    "access of another": access(bob),
    "access of a number": access(ada, **{uid: 1}),
    "access without iat": access(ada, iat=None),
    "access that has expired": access(ada, exp=int(THEN.timestamp()) + 300),
    "access of somebody inactive": access(inactive),
    "access of nobody": access(ada, **{uid: "4242"}),
    "access without a user": access(ada, **{uid: None}),
    "access without a type": access(ada, **{kind: None}),
    "access without an id": access(ada, **{jti: None}),
    "access without an end": access(ada, exp=None),
    "access with more claims": access(ada, role="admin", email="root@example.com", sub="1"),
    "sliding": at(THEN, lambda: str(SlidingToken.for_user(ada))),
    "refresh": refresh(ada),
    "refresh of another": refresh(bob),
    "refresh of a number": refresh(ada, **{uid: 1}),
    "refresh that has expired": refresh(ada, exp=int(THEN.timestamp()) + 300),
    "refresh of somebody inactive": refresh(inactive),
    "refresh of nobody": refresh(ada, **{uid: "4242"}),
}
ours = CASES["access"]
if PUBLIC is None:
    CASES["access under HS512"] = again(ours, SECRET, "HS512")
    CASES["access under another secret"] = again(ours, SECRET[::-1], "HS256")
    CASES["access with a kid"] = jwt.encode(
        jwt.decode(ours, options={"verify_signature": False}), SECRET, "HS256", headers={"kid": "a-key"}
    )
else:
    CASES["access for one of them"] = again(ours, private, "RS256", aud="back-office")
    CASES["access for others"] = again(ours, private, "RS256", aud=["others"])
    CASES["access for nobody"] = again(ours, private, "RS256", aud=[])
    CASES["access by another"] = again(ours, private, "RS256", iss="https://other.example")
    CASES["access of before the password"] = access(ada, hash_password="0" * 32)
    CASES["access that names no password"] = access(ada, hash_password=None)
    CASES["access under PS256"] = again(ours, private, "PS256")
    payload = jwt.decode(ours, options={"verify_signature": False})
    CASES["access of the usual claim"] = again(ours, private, "RS256", user_id=payload.pop(uid), **{uid: None})
if PROFILE == "blacklist":
    CASES["refresh that was blacklisted"] = refresh(ada)
    RefreshToken(CASES["refresh that was blacklisted"]).blacklist()
    CASES["refresh that is unknown there"] = refresh(ada)
    tokens.OutstandingToken.objects.filter(token=CASES["refresh that is unknown there"]).delete()
    CASES["refresh that was rotated"] = refresh(bob)
    body = {"refresh": CASES["refresh that was rotated"]}
    rotated = at(THEN, lambda: Client().post("/auth/jwt/refresh/", body, content_type="application/json").json())
    CASES["refresh that came of it"] = rotated["refresh"]

client = Client(raise_request_exception=False)


def answer(response):
    """Tokens differ at each answer: only that there is one is kept."""
    if response.status_code >= 500:
        return {"status": response.status_code}
    body = response.json()
    told = {name: f"<{name}>" if name in ("access", "refresh") and response.status_code == 200 else body[name] for name in body}
    return {"status": response.status_code, "body": told}


def asked(token):
    answers = {"token": token}
    answers["me"] = answer(client.get("/auth/users/me/", headers={"authorization": f"Bearer {token}"}))
    for name, field in (("verify", "token"), ("refresh", "refresh")):
        with transaction.atomic():
            response = client.post(f"/auth/jwt/{name}/", {field: token}, content_type="application/json")
            transaction.set_rollback(True)
        answers[name] = answer(response)
    return answers


outstanding, blacklisted = [], []
if PROFILE == "blacklist":
    for row in tokens.OutstandingToken.objects.order_by("id"):
        moments = [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (row.created_at, row.expires_at)]
        outstanding.append([row.id, row.token, *moments, row.user_id, row.jti])
    blacklisted = list(tokens.BlacklistedToken.objects.order_by("id").values_list("id", "token_id"))
recorded = {
    "key": PUBLIC or SECRET,
    "outstanding": outstanding,
    "blacklisted": blacklisted,
    "cases": {name: asked(token) for name, token in CASES.items()},
}
json.dump(recorded, sys.stdout, indent=1)
sys.stdout.write("\n")

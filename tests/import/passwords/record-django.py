"""Writes django.jsonl: hashes of every hasher of Django, and whether Django takes a password for the right one.

    pip install 'Django==5.2.*' 'bcrypt==4.3.*' argon2-cffi
    python record-django.py > django.jsonl

Salts are drawn anew, so that a new recording differs in every line. The rows of EARLIER were written by other versions of
Django; only the answers are asked for again.
"""

import json

import django
from django.conf import settings

HASHERS = ["PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "Scrypt", "MD5"]
settings.configure(PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{name}PasswordHasher" for name in HASHERS])
django.setup()

import argon2  # noqa: E402
import bcrypt  # noqa: E402
from django.contrib.auth.hashers import check_password, get_hasher, make_password  # noqa: E402

PASSWORDS = {
    "plain": "Walrus-and-0yster",
    "empty": "",
    "non-ASCII": "пароль-Ünï-🔑",
    "composed é": "caf\u00e9-walrus",
    "outer blanks": "  walrus\t",
    "dollar signs": "do$$ar$walrus$17",
    "72 bytes": "Walrus-72-" * 7 + "ab",
    "100 bytes": "Walrus-100" * 10,
    "a NUL": "walrus\0oyster",
}
# Quick ones, so that a test can ask for all of them.
COSTS = {
    "pbkdf2_sha256": {"iterations": 1000},
    "pbkdf2_sha1": {"iterations": 1000},
    "argon2": {"time_cost": 1, "memory_cost": 256, "parallelism": 2},
    "bcrypt_sha256": {"rounds": 4},
    "bcrypt": {"rounds": 4},
    "scrypt": {"work_factor": 256},
    "md5": {},
}
EARLIER = [json.loads(line) for line in open("earlier-django.jsonl", encoding="utf-8")]


def wrong(password):
    """What somebody could type instead: another case, a blank, another normal form, one letter less, half of it."""
    yield password.swapcase() if password.swapcase() != password else password + "x"
    yield password + " "
    yield password.replace("\u00e9", "e\u0301") if "\u00e9" in password else password.strip() + "\u00a0"
    yield password[:-1] if password else "\0"
    yield password.split("\0")[0] if "\0" in password else password + "\0"
    yield password[:72] if len(password) > 72 else password[:36] + "\0" + password[36:]


def say(about, scheme, encoded, password):
    right = check_password(password, encoded)
    row = {"about": about, "scheme": scheme, "encoded": encoded, "password": password, "right": right}
    print(json.dumps(row, ensure_ascii=False))


for scheme, costs in COSTS.items():
    hasher = get_hasher(scheme)
    defaults = {name: getattr(hasher, name) for name in costs}
    for about, password in PASSWORDS.items():
        for name, value in costs.items():
            setattr(hasher, name, value)
        encoded = make_password(password, hasher=hasher)
        say(about, scheme, encoded, password)
        for other in dict.fromkeys(wrong(password)):
            if other != password:
                say(about, scheme, encoded, other)
    for name, value in defaults.items():
        setattr(hasher, name, value)
    say("the cost of today", scheme, make_password("Walrus-today", hasher=hasher), "Walrus-today")

# What older versions of the libraries under Django wrote.
old = argon2.low_level.hash_secret(
    b"Walrus-old", b"saltsaltsalt", time_cost=2, memory_cost=512, parallelism=2, hash_len=16, type=argon2.Type.I
)
say("Django 1.10 to 3.1", "argon2", "argon2" + old.decode(), "Walrus-old")
old = argon2.low_level.hash_secret(
    b"Walrus-old", b"saltsaltsalt", time_cost=2, memory_cost=512, parallelism=2, hash_len=16, type=argon2.Type.I,
    version=16,
)
say("argon2 1.0", "argon2", "argon2" + old.decode(), "Walrus-old")
say("argon2 1.0 without its version", "argon2", "argon2" + old.decode().replace("v=16$", ""), "Walrus-old")
for prefix in (b"2a", b"2b"):
    salt = bcrypt.gensalt(4, prefix=prefix)
    say("prefix", "bcrypt", "bcrypt$" + bcrypt.hashpw(b"Walrus-prefix", salt).decode(), "Walrus-prefix")
salted = get_hasher("pbkdf2_sha256").encode("Walrus-salt", "соль-🧂", 100)
say("a salt that is no ASCII", "pbkdf2_sha256", salted, "Walrus-salt")
say("no password", "unusable", make_password(None), "")
say("no password", "unusable", make_password(None), "!")

for row in EARLIER:
    say(row["about"], row["scheme"], row["encoded"], row["password"])

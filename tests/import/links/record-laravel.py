"""Writes laravel-STACK.json: links that a real Laravel mailed to users of tests/import/laravel, and its rows of password_reset_tokens.

    python record-laravel.py breeze http://127.0.0.1:8000 APP 127.0.0.1:8000 > laravel-breeze.json

The second argument is where the application (Breeze's API stack, or Fortify) answers, APP its folder, and the last one the Host that
clients name. It has the database of tests/import/laravel, MAIL_MAILER=log into storage/logs/mail.log, and
FRONTEND_URL=http://localhost:3000. The script changes APP_KEY in its .env between two links, as an owner does.
"""

import datetime
import html
import http.client
import json
import pathlib
import re
import sqlite3
import sys
import urllib.parse

stack, url, folder, host = sys.argv[1:]
folder = pathlib.Path(folder)
address = urllib.parse.urlsplit(url).netloc
users = json.load(open(pathlib.Path(__file__).parent.parent / "laravel" / "credentials.json", encoding="utf-8"))["users"]
OLD_KEY = "base64:b2xkLWtleS1vZi10aGUtc2hvcC1iZWZvcmUtaXQtd2E="


class Browser:
    def __init__(self):
        self.cookies = {}
        self.send("GET", "/sanctum/csrf-cookie")

    def send(self, method, path, body=None):
        headers = {"Host": host, "Accept": "application/json", "Origin": "http://localhost:3000", "Content-Type": "application/json"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers["X-XSRF-TOKEN"] = urllib.parse.unquote(self.cookies.get("XSRF-TOKEN", ""))
        connection = http.client.HTTPConnection(address)
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.read().decode()


def environment(name, value):
    file = folder / ".env"
    lines = [line for line in file.read_text().splitlines() if not line.startswith(f"{name}=")]
    old = [line.partition("=")[2] for line in file.read_text().splitlines() if line.startswith(f"{name}=")]
    file.write_text("\n".join([*lines, f"{name}={value}"]) + "\n")
    return old[0] if old else ""


def database(statement):
    with sqlite3.connect(folder / "database" / "database.sqlite", timeout=10) as connection:
        return connection.execute(statement).fetchall()


def mailed(pattern):
    """The link of the last mail."""
    text = (folder / "storage" / "logs" / "mail.log").read_text(encoding="utf-8")
    return html.unescape(re.findall(pattern, text.replace("=\n", "").replace("=3D", "="))[-1])


def verification(user):
    browser = Browser()
    answer = browser.send("POST", "/login", {"email": user["email"], "password": user["password"]})
    assert answer[0] in (200, 204), answer
    answer = browser.send("POST", "/email/verification-notification", {})
    assert answer[0] in (200, 202), answer
    path = "/verify-email/" if stack == "breeze" else "/email/verify/"
    return mailed(rf"http://[^\s\"<>)]*{path}{user['id']}/[0-9a-f]+\?[^\s\"<>)]*")


def reset(user):
    answer = Browser().send("POST", "/forgot-password", {"email": user["email"]})
    assert answer[0] == 200, answer
    token, email = re.fullmatch(r".*/(?:password-reset|reset-password)/([0-9a-f]{64})\?email=(.*)", mailed(
        r"http://[^\s\"<>)]*/(?:password-reset|reset-password)/[0-9a-f]{64}\?email=[^\s\"<>)]*"
    )).groups()
    assert urllib.parse.unquote(email) == user["email"], email
    return {"email": user["email"], "token": token}


# Fortify writes what is typed in small letters and does not find who is written otherwise.
first = "grace" if stack == "breeze" else "maxname"
database("UPDATE users SET email_verified_at = NULL")
database("DELETE FROM cache")
database("DELETE FROM password_reset_tokens")
made_at = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
key = environment("APP_KEY", OLD_KEY)
verifications = [{"user": first, "key": "previous", "url": verification(users[first])}]
environment("APP_KEY", key)
environment("APP_PREVIOUS_KEYS", OLD_KEY)
verifications += [{"user": name, "key": "current", "url": verification(users[name])} for name in ("erin", "zoe")]
resets = [reset(users[name]) for name in ("bob", first)]
columns = ["email", "token", "created_at"]
json.dump(
    {
        "laravel": re.search(r"VERSION = '([^']+)'", (folder / "vendor/laravel/framework/src/Illuminate/Foundation/Application.php").read_text()).group(1)
        if (folder / "vendor").exists()
        else sys.stdin.read().strip(),
        "stack": stack,
        "app_key": key,
        "app_previous_keys": [OLD_KEY],
        "made_at": made_at.isoformat().replace("+00:00", "Z"),
        "verifications": verifications,
        "resets": resets,
        "password_reset_tokens": [dict(zip(columns, row)) for row in database("SELECT email, token, created_at FROM password_reset_tokens")],
    },
    sys.stdout,
    ensure_ascii=False,
    indent=1,
)
print()

"""A client of Djoser as its documentation describes it: the whole life of an account, by token and by JWT.

    python djoser.py http://127.0.0.1:8000 MAILS

The server sends activation mails (SEND_ACTIVATION_EMAIL) and writes its mails as files into the folder MAILS. It may be
this project's or a real Django with Djoser: the client does not know. Exit 0 if everything went as documented.
"""

import email
import email.policy
import pathlib
import re
import sys
import time

import requests

BASE, MAILS = sys.argv[1].rstrip("/"), pathlib.Path(sys.argv[2])

NAME, ADDRESS = "ada", "ada@example.org"
PASSWORD, SECOND, THIRD = "Zx9-quokka-77", "Qm4-wombat-31", "Wy8-numbat-66"


class Client:
    """Djoser's endpoints, each answered with the status that its documentation names."""

    def __init__(self):
        self.session = requests.Session()

    def ask(self, method, path, status, data=None):
        answer = self.session.request(method, BASE + path, json=data)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}, not {status}"
        return answer.json() if answer.content else None

    def post(self, path, status, **data):
        return self.ask("POST", path, status, data)

    def authorize(self, scheme, token):
        self.session.headers["Authorization"] = f"{scheme} {token}"

    def forget(self):
        self.session.headers.pop("Authorization", None)


def newest_link(before, where):
    """Waits for one more mail to the user than `before`; the uid and the token of the link in it."""
    for _ in range(100):
        mails = mails_to_user()
        if len(mails) > before:
            text = mails[-1].get_body(("plain",)).get_content()
            link = re.search(rf"http://[^/\s]+/{re.escape(where)}/([^/\s]+)/([^/\s]+)", text)
            assert link, f"no link to {where} in: {text}"
            return {"uid": link[1], "token": link[2]}
        time.sleep(0.1)
    raise AssertionError(f"no mail about {where}")


def mails_to_user():
    files = [file for file in MAILS.glob("*") if file.is_file() and not file.name.startswith(".")] if MAILS.is_dir() else []
    files.sort(key=lambda file: file.stat().st_mtime_ns)
    mails = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
    return [mail for mail in mails if ADDRESS in mail["to"]]


def main():
    client = Client()

    # Register, and activate by the link of the mail.
    before = len(mails_to_user())
    created = client.post("/auth/users/", 201, username=NAME, password=PASSWORD, email=ADDRESS)
    assert created.keys() == {"email", "username", "id"} and created["email"] == ADDRESS, created
    refused = client.post("/auth/token/login/", 400, username=NAME, password=PASSWORD)
    assert refused == {"non_field_errors": ["Unable to log in with provided credentials."]}, refused
    link = newest_link(before, "#/activate")
    client.post("/auth/users/activation/", 204, **link)
    stale = client.post("/auth/users/activation/", 403, **link)
    assert stale == {"detail": "Stale token for given user."}, stale

    # Log in: one token, the same at each login.
    token = client.post("/auth/token/login/", 200, username=NAME, password=PASSWORD)["auth_token"]
    again = client.post("/auth/token/login/", 200, username=NAME, password=PASSWORD)["auth_token"]
    assert token == again and re.fullmatch("[0-9a-f]{40}", token), (token, again)
    client.authorize("Token", token)
    me = client.ask("GET", "/auth/users/me/", 200)
    assert me == {"email": ADDRESS, "id": created["id"], "username": NAME}, me

    # Change the password.
    wrong = client.post("/auth/users/set_password/", 400, new_password=SECOND, current_password="nope")
    assert wrong == {"current_password": ["Invalid password."]}, wrong
    client.post("/auth/users/set_password/", 204, new_password=SECOND, current_password=PASSWORD)
    client.ask("GET", "/auth/users/me/", 200)
    client.forget()
    client.post("/auth/token/login/", 400, username=NAME, password=PASSWORD)

    # Reset it by mail. Nobody learns whether an address is known.
    client.post("/auth/users/reset_password/", 204, email="nobody@example.org")
    before = len(mails_to_user())
    client.post("/auth/users/reset_password/", 204, email=ADDRESS)
    link = newest_link(before, "#/password/reset/confirm")
    weak = client.post("/auth/users/reset_password_confirm/", 400, new_password="12345", **link)
    assert len(weak["new_password"]) == 3, weak
    client.post("/auth/users/reset_password_confirm/", 204, new_password=THIRD, **link)
    used = client.post("/auth/users/reset_password_confirm/", 400, new_password=PASSWORD, **link)
    assert used == {"token": ["Invalid token for given user."]}, used

    # JSON Web Tokens.
    pair = client.post("/auth/jwt/create/", 200, username=NAME, password=THIRD)
    assert pair.keys() == {"refresh", "access"}, pair
    client.authorize("Bearer", pair["access"])
    assert client.ask("GET", "/auth/users/me/", 200) == me
    client.authorize("JWT", pair["access"])
    assert client.ask("GET", "/auth/users/me/", 200) == me
    client.forget()
    assert client.post("/auth/jwt/verify/", 200, token=pair["access"]) == {}
    renewed = client.post("/auth/jwt/refresh/", 200, refresh=pair["refresh"])
    assert renewed.keys() == {"access"}, renewed
    client.authorize("JWT", renewed["access"])
    client.ask("GET", "/auth/users/me/", 200)
    client.forget()
    bad = client.post("/auth/jwt/verify/", 401, token=renewed["access"] + "x")
    assert bad["code"] == "token_not_valid", bad

    # Change the user name, log out, and delete the account.
    token = client.post("/auth/token/login/", 200, username=NAME, password=THIRD)["auth_token"]
    client.authorize("Token", token)
    client.post("/auth/users/set_username/", 204, new_username="lovelace", current_password=THIRD)
    assert client.ask("GET", "/auth/users/me/", 200)["username"] == "lovelace"
    client.ask("POST", "/auth/token/logout/", 204)
    dead = client.ask("GET", "/auth/users/me/", 401)
    assert dead == {"detail": "Invalid token."}, dead
    client.forget()
    token = client.post("/auth/token/login/", 200, username="lovelace", password=THIRD)["auth_token"]
    client.authorize("Token", token)
    client.ask("DELETE", "/auth/users/me/", 204, {"current_password": THIRD})
    client.ask("GET", "/auth/users/me/", 401)
    print("everything went as documented")


if __name__ == "__main__":
    main()

"""Clients of OAuth 2.0 fetch and renew tokens of the hotel API by themselves: Authlib, httpx-auth and requests-oauthlib.

    python oauth2.py http://localhost:8000 [rotating]

The server has `jwt.access_ttl = "20s"`, perhaps `jwt.rotate_refresh = true`, and a user `ada` with the password `password`.
The clients take so short a token for one that is over, and renew it each time that they use it. Exit 0 if everything went
as it should.
"""

import os
import sys
import unittest
import urllib.parse

# They refuse to speak without TLS, on loopback too.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import authlib.integrations.base_client
import authlib.integrations.httpx_client
import authlib.integrations.requests_client
import httpx
import httpx_auth
import oauthlib.oauth2
import requests_oauthlib

SERVER, ROTATING = sys.argv[1].rstrip("/"), sys.argv[2:] == ["rotating"]
TOKEN, REFRESH, ME = f"{SERVER}/auth/login", f"{SERVER}/auth/refresh", f"{SERVER}/auth/me"
ADA = {"username": "ada", "password": "password"}
NO_TOKEN, NO_LOGIN = "The token is not valid.", "The given identifier or password is wrong."


class Clients(unittest.TestCase):
    def is_token(self, token):
        """As RFC 6749, section 5.1, has it, with what the hotel API adds."""
        self.assertEqual((token["token_type"], token["expires_in"]), ("bearer", 20))
        self.assertTrue(token["access_token"] and token["refresh_token"])

    def is_ada(self, answer, token):
        self.assertEqual((answer.status_code, answer.json()), (200, token["user"]))

    def with_authlib(self, session_type):
        # For a renewal it knows one address, that of logins or that of refreshes. How it authenticates itself does not
        # matter: nobody looks.
        for endpoint in (TOKEN, REFRESH):
            for method in ("none", "client_secret_basic", "client_secret_post"):
                with self.subTest(endpoint=endpoint, method=method):
                    self.live_with_authlib(session_type, endpoint, method)

    def live_with_authlib(self, session_type, endpoint, method):
        kept = []
        keep = lambda token, refresh_token=None, access_token=None: kept.append((token, refresh_token))
        error = authlib.integrations.base_client.OAuthError
        with session_type(
            "page", "secret", token_endpoint_auth_method=method, token_endpoint=endpoint, update_token=keep
        ) as session:
            first = session.fetch_token(TOKEN, **ADA)
            self.is_token(first)
            self.is_ada(session.get(ME), first)
            ((token, spent),) = kept
            self.assertEqual(spent, first["refresh_token"])
            self.assertNotEqual(token["access_token"], first["access_token"])
            self.assertEqual(token["refresh_token"] == spent, not ROTATING)
            self.is_ada(session.get(ME), first)
            self.assertEqual(session.post(f"{SERVER}/auth/logout").status_code, 204)
            with self.assertRaises(error) as refused:
                session.refresh_token(endpoint, session.token["refresh_token"])
            self.assertEqual((refused.exception.error, refused.exception.description), ("invalid_grant", NO_TOKEN))
            with self.assertRaises(error) as refused:
                session.fetch_token(TOKEN, username="ada", password="wrong")
            self.assertEqual((refused.exception.error, refused.exception.description), ("invalid_grant", NO_LOGIN))

    def test_authlib_over_requests(self):
        self.with_authlib(authlib.integrations.requests_client.OAuth2Session)

    def test_authlib_over_httpx(self):
        self.with_authlib(authlib.integrations.httpx_client.OAuth2Client)

    def test_httpx_auth(self):
        sent = []
        note = lambda request: sent.append(dict(urllib.parse.parse_qsl(request.read().decode()))["grant_type"])
        client = httpx.Client(event_hooks={"request": [note]})
        auth = httpx_auth.OAuth2ResourceOwnerPasswordCredentials(TOKEN, **ADA, client=client)
        with httpx.Client(auth=auth) as page:
            ids = {page.get(ME).raise_for_status().json()["id"] for _ in range(4)}
        self.assertEqual(len(ids), 1)
        # Without a new refresh token in the answer it forgets the one that it has, and has to log in again.
        renewals = ["refresh_token"] * 3 if ROTATING else ["refresh_token", "password", "refresh_token"]
        self.assertEqual(sent, ["password", *renewals])
        wrong = httpx_auth.OAuth2ResourceOwnerPasswordCredentials(TOKEN, username="ada", password="wrong")
        with self.assertRaisesRegex(httpx_auth.InvalidGrantRequest, f"^invalid_grant: {NO_LOGIN}$"):
            httpx.get(ME, auth=wrong)

    def test_requests_oauthlib(self):
        for refresh_url in (TOKEN, REFRESH):
            with self.subTest(refresh_url=refresh_url):
                kept = []
                page = oauthlib.oauth2.LegacyApplicationClient("page")
                session = requests_oauthlib.OAuth2Session(client=page, auto_refresh_url=refresh_url, token_updater=kept.append)
                first = session.fetch_token(TOKEN, **ADA)
                self.is_token(first)
                self.is_ada(session.get(ME), first)
                # It waits for the last second, unless it is told that it has passed.
                session.token = {**first, "expires_at": 1}
                self.is_ada(session.get(ME), first)
                (token,) = kept
                self.assertNotEqual(token["access_token"], first["access_token"])
                self.assertEqual(token["refresh_token"] == first["refresh_token"], not ROTATING)
                self.assertEqual(session.post(f"{SERVER}/auth/logout").status_code, 204)
                with self.assertRaisesRegex(oauthlib.oauth2.InvalidGrantError, NO_TOKEN):
                    session.refresh_token(refresh_url)
                with self.assertRaisesRegex(oauthlib.oauth2.InvalidGrantError, NO_LOGIN):
                    session.fetch_token(TOKEN, username="ada", password="wrong")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)

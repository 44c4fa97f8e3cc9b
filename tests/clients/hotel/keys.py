"""Python's libraries for JSON Web Tokens check what the hotel API signs, by the published keys: PyJWT and joserfc.

    COUNTERSIGN=countersign python keys.py http://localhost:8000 RS256

Run in the server's folder, because it makes a new key with the program that the variable names. The server has this
algorithm, `jwt.issuer = "https://id.example.org"`, `jwt.audience = "hotels"`, `keys.announce = "2s"` and a user `ada`
with the password `password`. Exit 0 if everything went as it should.
"""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
import unittest
import warnings

import joserfc.errors
import joserfc.jwk
import joserfc.jwt
import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SERVER, ALGORITHM = sys.argv[1].rstrip("/"), sys.argv[2]
ISSUER, AUDIENCE = "https://id.example.org", "hotels"
KEYS = f"{SERVER}/.well-known/jwks.json"
CLAIMS = ["exp", "iat", "iss", "aud", "sub", "jti", "sid", "typ"]
PATIENCE = 30

# joserfc would have its users say Ed25519, which jose and PyJWT do not know (RFC 9864).
warnings.simplefilter("ignore", joserfc.errors.SecurityWarning)


def log_in():
    answer = requests.post(f"{SERVER}/auth/login", json={"identifier": "ada", "password": "password"}, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return answer.json()


def access_token():
    return log_in()["access_token"]


def status(token):
    """What the server itself says to a token."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{SERVER}/auth/me", headers=headers, timeout=PATIENCE).status_code


class ByPyJwt:
    """PyJWT with its client of key sets."""

    refused = (jwt.InvalidTokenError, jwt.PyJWKClientError)

    def __init__(self):
        # It keeps the keys for as long as the server says; 300 s of its own accord, and so says the server without settings.
        self.keys, self.fetched = jwt.PyJWKClient(KEYS, lifespan=1), 0
        fetch = self.keys.fetch_data

        def counted():
            self.fetched += 1
            return fetch()

        self.keys.fetch_data = counted

    def verify(self, token, issuer=ISSUER, audience=AUDIENCE):
        key = self.keys.get_signing_key_from_jwt(token)
        options = {"require": CLAIMS}
        return jwt.decode(token, key, algorithms=[ALGORITHM], issuer=issuer, audience=audience, options=options)


class ByJoserfc:
    """joserfc, of the author of Authlib; the keys are the application's to fetch."""

    refused = (joserfc.errors.JoseError, jwt.DecodeError, ValueError)

    def __init__(self):
        self.keys, self.fetched = None, 0

    def fetch(self):
        self.fetched += 1
        self.keys = joserfc.jwk.KeySet.import_key_set(requests.get(KEYS, timeout=PATIENCE).json())

    def verify(self, token, issuer=ISSUER, audience=AUDIENCE):
        kid = jwt.get_unverified_header(token)["kid"]
        if self.keys is None or kid not in [key.kid for key in self.keys.keys]:
            self.fetch()
        decoded = joserfc.jwt.decode(token, self.keys, algorithms=[ALGORITHM])
        assert decoded.header["typ"] == "JWT", decoded.header
        expected = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": audience}}
        essential = {name: {"essential": True} for name in CLAIMS}
        joserfc.jwt.JWTClaimsRegistry(**(essential | expected)).validate(decoded.claims)
        return decoded.claims


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(token, signed, **change):
    """The same claims under another header and a signature of somebody else's."""
    _, payload, _ = token.split(".")
    header = encoded(json.dumps(jwt.get_unverified_header(token) | change).encode())
    return f"{header}.{payload}.{encoded(signed(f'{header}.{payload}'.encode()))}"


def stranger(algorithm):
    """Signs as the algorithm has it, with a key that the server does not know."""
    key = {
        "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate,
    }[algorithm]()
    return lambda text: jwt.get_algorithm_by_name(algorithm).sign(text, key)


class Keys(unittest.TestCase):
    """In the order of their names: the last one changes the keys."""

    libraries = [ByPyJwt(), ByJoserfc()]

    def each(self):
        for library in self.libraries:
            with self.subTest(type(library).__name__):
                yield library

    def test_1_a_token_is_checked(self):
        answer = log_in()
        token = answer["access_token"]
        for library in self.each():
            claims = library.verify(token)
            self.assertEqual(sorted(claims), sorted(CLAIMS))
            self.assertIs(type(answer["expires_in"]), int)
            self.assertEqual(answer["expires_in"], claims["exp"] - claims["iat"])
            # PyJWT gives no leeway of its own accord: not a second ahead.
            self.assertLessEqual(claims["iat"], time.time())
            self.assertEqual([type(claims[name]) for name in ("sub", "jti", "sid")], [str] * 3)
            self.assertEqual((claims["sub"], claims["typ"]), (answer["user"]["id"], "access"))
            with self.assertRaisesRegex(library.refused, "(?i)iss"):
                library.verify(token, issuer="https://other.example")
            with self.assertRaisesRegex(library.refused, "(?i)aud"):
                library.verify(token, audience="restaurants")

    def test_2_what_somebody_else_signed_is_refused(self):
        token = access_token()
        pem = jwt.PyJWKClient(KEYS).get_signing_key_from_jwt(token).key
        pem = pem.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        other = "RS256" if ALGORITHM == "ES256" else "ES256"
        by_secret = lambda text: hmac.new(pem, text, hashlib.sha256).digest()
        forgeries = {
            "another key": forged(token, stranger(ALGORITHM)),
            "another key of another name": forged(token, stranger(ALGORITHM), kid="stranger"),
            "another algorithm": forged(token, stranger(other), alg=other),
            "the public key as a secret": forged(token, by_secret, alg="HS256"),
            "no signature": forged(token, lambda _: b"", alg="none"),
            "a signature that is cut off": token[:-8],
        }
        for library in self.each():
            for name, forgery in forgeries.items():
                with self.subTest(name), self.assertRaises(library.refused):
                    library.verify(forgery)
            # It was not the test's own mistake.
            library.verify(token)
        for name, forgery in forgeries.items():
            self.assertEqual(status(forgery), 401, name)

    def test_3_a_new_key_takes_over_and_nobody_notices(self):
        old = access_token()
        for library in self.libraries:
            library.verify(old)
        looked = [library.fetched for library in self.libraries]
        subprocess.run([os.environ["COUNTERSIGN"], "keys", "rotate", "--jwt"], check=True, stdout=subprocess.DEVNULL)
        kid = jwt.get_unverified_header(old)["kid"]
        began, token = time.monotonic(), access_token()
        while jwt.get_unverified_header(token)["kid"] == kid:
            self.assertLess(time.monotonic() - began, PATIENCE, "the new key never signs")
            time.sleep(0.1)
            token = access_token()
        for library, before in zip(self.libraries, looked):
            with self.subTest(type(library).__name__):
                library.verify(token)
                library.verify(old)
                self.assertGreater(library.fetched, before)
        self.assertEqual([status(old), status(token)], [200, 200])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)

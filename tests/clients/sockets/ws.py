"""The Python library websockets at the socket of the minimal API.

    COUNTERSIGN=countersign python ws.py http://localhost:8000

Run in the server's folder, because it revokes tokens with the program that the variable names. The server has a user
`ada` with the password `password`. Exit 0 if everything went as it should.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
import unittest

import requests
import websockets.asyncio.client
import websockets.sync.client
from websockets.exceptions import ConnectionClosed, InvalidStatus

SERVER = sys.argv[1].rstrip("/")
SOCKET = SERVER.replace("http", "ws", 1) + "/ws"
PATIENCE = 30
# How soon a socket is closed after its token died, in seconds.
BOUND = 1


def new_token():
    answer = requests.post(f"{SERVER}/auth", json={"login": "ada", "password": "password"}, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]


def revoke(token):
    """Ends a token from another process."""
    command = [os.environ["COUNTERSIGN"], "token", "revoke", token.split("|")[0]]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def by_header(token):
    return websockets.sync.client.connect(SOCKET, additional_headers={"Authorization": f"Bearer {token}"})


def by_subprotocol(token):
    return websockets.sync.client.connect(SOCKET, subprotocols=["bearer", token])


def by_message(token):
    socket = websockets.sync.client.connect(SOCKET)
    socket.send(json.dumps({"token": token}))
    return socket


class Sockets(unittest.TestCase):
    def is_ada(self, message):
        user = json.loads(message)["user"]
        self.assertEqual((list(user), user["login"]), (["id", "login"], "ada"))

    def closed(self, socket):
        """The code that the socket is closed with."""
        with self.assertRaises(ConnectionClosed) as closed:
            while True:
                socket.recv(PATIENCE)
        return closed.exception.rcvd.code

    def test_it_says_who_one_is(self):
        for send in (by_header, by_subprotocol, by_message):
            with self.subTest(send.__name__), send(new_token()) as socket:
                self.assertEqual(socket.subprotocol, "bearer" if send is by_subprotocol else None)
                self.is_ada(socket.recv(PATIENCE))
                socket.send("who am I?")
                self.is_ada(socket.recv(PATIENCE))
                self.assertTrue(socket.ping().wait(PATIENCE), "pings are answered")

    def test_a_revocation_by_another_process_closes_it(self):
        for send in (by_header, by_subprotocol, by_message):
            token, other = new_token(), new_token()
            with self.subTest(send.__name__), send(token) as socket, send(other) as lasting:
                for opened in (socket, lasting):
                    self.is_ada(opened.recv(PATIENCE))
                revoke(token)
                known = time.monotonic()
                self.assertEqual(self.closed(socket), 4401)
                self.assertLess(time.monotonic() - known, BOUND)
                lasting.send("still there?")
                self.is_ada(lasting.recv(PATIENCE))

    def test_a_token_that_is_none_opens_nothing(self):
        dead = new_token()
        revoke(dead)
        for token in ("1|nothing", "nothing", dead):
            for send in (by_header, by_subprotocol):
                with self.subTest(send.__name__), self.assertRaises(InvalidStatus) as refused:
                    send(token)
                answer = refused.exception.response
                self.assertEqual((answer.status_code, json.loads(answer.body)), (401, {"error": "Unauthorized"}))
            with by_message(token) as socket:
                self.assertEqual(self.closed(socket), 4401)

    def test_many_at_once_with_asyncio(self):
        async def one(token):
            async with websockets.asyncio.client.connect(SOCKET, subprotocols=["bearer", token]) as socket:
                self.is_ada(await socket.recv())
                await socket.send("who am I?")
                return await socket.recv()

        async def many():
            return await asyncio.wait_for(asyncio.gather(*(one(token) for token in tokens)), PATIENCE)

        tokens = [new_token() for _ in range(3)] * 5
        for message in asyncio.run(many()):
            self.is_ada(message)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)

/**
 * ws, the WebSocket client of Node, at the socket of the minimal API.
 *
 *     COUNTERSIGN=countersign node ws.mjs http://localhost:8000
 *
 * Run in the server's folder, because it revokes tokens with the program that the variable names. The server has a user
 * `ada` with the password `password`. Exit 0 if everything went as it should.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import test, { afterEach } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import axios from 'axios';
import WebSocket from 'ws';

const [SERVER] = process.argv.slice(2);
const SOCKET = `${SERVER.replace('http', 'ws')}/ws`;
const PATIENCE = 10_000;
/** How soon a socket is closed after its token died, in milliseconds. */
const BOUND = 1000;
const UNAUTHORIZED = { error: 'Unauthorized' };

const open = [];
afterEach(() => open.splice(0).forEach((socket) => socket.terminate()));

async function newToken() {
  return (await axios.post(`${SERVER}/auth`, { login: 'ada', password: 'password' })).data.token;
}

/** Ends a token from another process. */
async function revoke(token) {
  await promisify(execFile)(process.env.COUNTERSIGN, ['token', 'revoke', token.split('|')[0]]);
}

async function inTime(promise, otherwise) {
  const late = sleep(PATIENCE, null, { ref: false }).then(() => assert.fail(otherwise));
  return Promise.race([promise, late]);
}

/** A socket whose messages wait to be read. */
function connect(protocols, headers, url = SOCKET) {
  const socket = new WebSocket(url, protocols, { headers, handshakeTimeout: PATIENCE });
  const messages = [];
  let wake = () => {};
  socket.on('message', (data, isBinary) => {
    assert.equal(isBinary, false);
    messages.push(JSON.parse(data));
    wake();
  });
  socket.said = async () => {
    if (messages.length === 0) await inTime(new Promise((resolve) => { wake = resolve; }), 'nothing was said');
    return messages.shift();
  };
  open.push(socket);
  return socket;
}

/** Waits until it is open, and knows who one is. */
async function greeted(socket) {
  await once(socket, 'open');
  await isAda(socket);
  return socket;
}

async function isAda(socket) {
  const { user } = await socket.said();
  assert.deepEqual(Object.keys(user), ['id', 'login']);
  assert.equal(user.login, 'ada');
}

/** The answer to a handshake that opens nothing. */
async function refused(socket) {
  socket.on('error', () => {});
  const [, answer] = await once(socket, 'unexpected-response');
  const chunks = await answer.toArray();
  return [answer.statusCode, answer.headers['www-authenticate'], JSON.parse(Buffer.concat(chunks))];
}

async function closed(socket) {
  const [code] = await inTime(once(socket, 'close'), 'it is open still');
  return code;
}

/** The ways in which a token gets there. */
const WAYS = {
  'in the Authorization header': (token) => connect([], { Authorization: `Bearer ${token}` }),
  'as a subprotocol': (token) => connect(['bearer', token]),
  'in the first message': (token) => {
    const socket = connect([]);
    socket.on('open', () => socket.send(JSON.stringify({ token })));
    return socket;
  },
};

for (const [name, send] of Object.entries(WAYS)) {
  test(`the token comes ${name}`, async () => {
    const socket = await greeted(send(await newToken()));
    assert.equal(socket.protocol, name === 'as a subprotocol' ? 'bearer' : '');
    socket.send('who am I?');
    await isAda(socket);
    socket.close(1000);
    assert.equal(await closed(socket), 1000);
  });

  test(`a revocation by another process closes a socket whose token came ${name}`, async () => {
    const [token, other] = [await newToken(), await newToken()];
    const [socket, lasting] = [await greeted(send(token)), await greeted(send(other))];
    const ended = closed(socket).then((code) => [code, Date.now()]);
    await revoke(token);
    const known = Date.now();
    const [code, at] = await ended;
    assert.equal(code, 4401);
    assert.ok(at < known + BOUND, `${at - known} ms after the command was done`);
    lasting.send('still there?');
    await isAda(lasting);
  });
}

test('a token that is none is 401 in the handshake', async () => {
  for (const token of ['1|nothing', 'nothing']) {
    for (const way of ['in the Authorization header', 'as a subprotocol']) {
      const [status, challenge, body] = await refused(WAYS[way](token));
      assert.deepEqual([status, body], [401, UNAUTHORIZED], way);
      assert.match(challenge, /^Bearer/);
    }
  }
  const dead = await newToken();
  await revoke(dead);
  assert.equal((await refused(WAYS['as a subprotocol'](dead)))[0], 401);
});

test('a token that is none is 4401 as first message', async () => {
  for (const token of ['1|nothing', 'nothing', 7]) assert.equal(await closed(WAYS['in the first message'](token)), 4401);
});

test('a token in the address opens nothing', async () => {
  const token = await newToken();
  assert.equal((await refused(connect([], {}, `${SOCKET}?token=${encodeURIComponent(token)}`)))[0], 401);
});

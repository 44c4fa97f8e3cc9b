/**
 * Pages in Chromium at the socket of the minimal API: with a token, and with the session of a front end.
 *
 *     COUNTERSIGN=countersign CHROMIUM=/usr/bin/chromium node browser.mjs http://localhost:8000 http://localhost:3000 http://localhost:3001
 *
 * The server, the front end that it lets in, and the origin of a stranger; both origins are served from here. Run in the server's
 * folder, because it revokes tokens with the program that the variable names. The server has a user `ada@example.org` with the password
 * `password`, and the mount `sanctum_spa`. Exit 0 if everything went as it should.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test, { after, before } from 'node:test';
import { promisify } from 'node:util';

import axios from 'axios';

import { launch, person } from '../chromium.mjs';
import { ask, serve, tab } from '../laravel/pages.mjs';

const [SERVER, FRONT_END, STRANGER] = process.argv.slice(2);
const SOCKET = `${SERVER.replace('http', 'ws')}/ws`;
/** How soon a socket is closed after its credential died, in milliseconds; and a page hears of it when the connection has
 * ended, too, for which the server waits up to a second after the close frame. */
const BOUND = 1000 + 1000;
/** How long a busy machine may take beyond that. */
const PATIENCE = 10_000;
const EMAIL = 'ada@example.org';
/** What a page learns of a handshake that was refused: nothing. */
const REFUSED = { opened: false, code: 1006, wasClean: false };

let browser;
const servers = [];

before(async () => {
  servers.push(await serve(FRONT_END), await serve(STRANGER));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  for (const server of servers) server.close();
});

async function newToken() {
  return (await axios.post(`${SERVER}/auth`, { login: EMAIL, password: 'password' })).data.token;
}

/** Opens a socket in a page; what the page hears of it until it has been greeted or is closed. */
async function connect(page, protocols, first) {
  const socket = await page.evaluateHandle(([url, protocols, first]) => {
    const socket = new WebSocket(url, protocols);
    const heard = { opened: false, messages: [], closed: null };
    socket.onopen = () => {
      heard.opened = true;
      if (first) socket.send(first);
    };
    heard.next = new Promise((resolve) => {
      socket.onmessage = ({ data }) => resolve(heard.messages.push(JSON.parse(data)));
      socket.onclose = ({ code, wasClean }) => resolve(heard.closed = { opened: heard.opened, code, wasClean, at: Date.now() });
    });
    heard.over = new Promise((resolve) => socket.addEventListener('close', () => resolve(heard.closed)));
    heard.socket = socket;
    return heard;
  }, [SOCKET, protocols, first]);
  await socket.evaluate((heard) => heard.next);
  return socket;
}

async function isGreeted(socket, protocol) {
  const heard = await socket.evaluate(({ socket, messages, closed }) => ({ protocol: socket.protocol, messages, closed }));
  assert.equal(heard.closed, null);
  assert.deepEqual([heard.protocol, heard.messages.map(({ user }) => Object.keys(user))], [protocol, [['id', 'login']]]);
}

/** How it was closed, and when. */
async function closed(socket) {
  const how = await socket.evaluate((heard, patience) => {
    return Promise.race([heard.over, new Promise((resolve) => setTimeout(resolve, patience, 'open'))]);
  }, PATIENCE);
  assert.notEqual(how, 'open', 'it is open still');
  return how;
}

async function isRefused(socket) {
  const { at, ...how } = await closed(socket);
  assert.deepEqual(how, REFUSED);
}

async function isClosedInTime(socket, end) {
  await end();
  const known = Date.now();
  const { at, ...how } = await closed(socket);
  assert.deepEqual(how, { opened: true, code: 4401, wasClean: true });
  assert.ok(at < known + BOUND, `${at - known} ms later`);
}

const revoke = (token) => promisify(execFile)(process.env.COUNTERSIGN, ['token', 'revoke', token.split('|')[0]]);

test('a page brings its token as a subprotocol', async () => {
  const [page, token] = [await tab(await person(browser), FRONT_END, SERVER), await newToken()];
  const socket = await connect(page, ['bearer', token]);
  await isGreeted(socket, 'bearer');
  await isClosedInTime(socket, () => revoke(token));
  await isRefused(await connect(page, ['bearer', token]));
});

test('a page brings its token in the first message', async () => {
  const [page, token] = [await tab(await person(browser), FRONT_END, SERVER), await newToken()];
  const socket = await connect(page, [], JSON.stringify({ token }));
  await isGreeted(socket, '');
  await isClosedInTime(socket, () => revoke(token));
  const { code } = await closed(await connect(page, [], JSON.stringify({ token })));
  assert.equal(code, 4401);
});

test('a page that is logged in needs no token, and its logout closes the socket', async () => {
  const page = await tab(await person(browser), FRONT_END, SERVER);
  assert.deepEqual(await ask(page, 'get', '/sanctum/csrf-cookie'), [204, '']);
  assert.deepEqual(await ask(page, 'post', '/login', { email: EMAIL, password: 'password' }), [204, '']);
  const socket = await connect(page, []);
  await isGreeted(socket, '');
  await isClosedInTime(socket, async () => assert.deepEqual(await ask(page, 'post', '/logout'), [204, '']));
});

test("a stranger's page opens nothing with the cookies of who is logged in, and needs a token", async () => {
  const somebody = await person(browser);
  const page = await tab(somebody, FRONT_END, SERVER);
  assert.deepEqual(await ask(page, 'get', '/sanctum/csrf-cookie'), [204, '']);
  assert.deepEqual(await ask(page, 'post', '/login', { email: EMAIL, password: 'password' }), [204, '']);
  const strange = await tab(somebody, STRANGER, SERVER);
  await isRefused(await connect(strange, []));
  await isGreeted(await connect(strange, ['bearer', await newToken()]), 'bearer');
  await isGreeted(await connect(page, []), '');
});

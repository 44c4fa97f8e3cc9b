/**
 * Many pages at once at a server that cannot answer them all: they are told to come back, and none is told that its login is over.
 *
 *     node overload.mjs http://localhost:8000
 *
 * The server has `database.pool_size = 1`, `database.wait = "200ms"` and a user `ada` with the password `password`. Exit 0
 * if everything went as it should.
 */

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import axios from 'axios';

const [SERVER] = process.argv.slice(2);
const MOST = 5_000;
const BUSY = { error: 'service_unavailable', message: 'Please try again in a moment.' };

const http = axios.create({ baseURL: SERVER, timeout: 30_000, validateStatus: null });
/** axios's own wait for as long as `Retry-After` says, as packages for it do. */
async function patiently(request) {
  for (;;) {
    const answer = await request();
    if (answer.status !== 503) return answer;
    await sleep(Number(answer.headers['retry-after']) * 1000);
  }
}

test('a refresh at an overloaded server is 503 with Retry-After, and works later', async () => {
  const { data: { refresh_token } } = await patiently(() => http.post('/auth/login', { identifier: 'ada', password: 'password' }));
  const refresh = () => http.post('/auth/refresh', { refresh_token });
  let busy = [];
  for (let many = 300; busy.length === 0 && many < MOST; many *= 2) {
    const answers = await Promise.all(Array.from({ length: many }, refresh));
    busy = answers.filter(({ status }) => status !== 200);
    console.log(`${busy.length} of ${many} were refused`);
  }
  assert.ok(busy.length > 0);
  for (const { status, data, headers } of busy) {
    assert.deepEqual([status, data], [503, BUSY]);
    assert.match(headers['retry-after'], /^[1-9]\d*$/);
  }
  assert.equal((await patiently(refresh)).status, 200);
});

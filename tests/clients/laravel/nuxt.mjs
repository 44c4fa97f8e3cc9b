/**
 * A Nuxt application with the module nuxt-auth-sanctum, rendered on its server and used in Chromium.
 *
 *     node nuxt.mjs http://localhost:8000 http://localhost:3000 ../nuxt/.output
 *
 * The server, the front end that it lets in, and the built application (`npx nuxt build` in ../nuxt), which is started
 * there. The server knows ada@example.org with the password Zx9-quokka-77. Exit 0 if the pages work and the module has
 * nothing to warn of.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { launch, person } from '../chromium.mjs';

const [SERVER, FRONT_END, BUILD] = process.argv.slice(2);
const EMAIL = 'ada@example.org';
const PASSWORD = 'Zx9-quokka-77';
const BOTH = ['XSRF-TOKEN', 'laravel-session'];

let application;
let browser;
/** What the application has logged. */
let log = '';

before(async () => {
  const { port } = new URL(FRONT_END);
  // The module's server and its pages have settings of their own.
  const api = { NUXT_SANCTUM_BASE_URL: SERVER, NUXT_PUBLIC_SANCTUM_BASE_URL: SERVER };
  const env = { ...process.env, ...api, NITRO_HOST: '127.0.0.1', NITRO_PORT: port };
  application = spawn(process.execPath, [join(BUILD, 'server/index.mjs')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [application.stdout, application.stderr]) stream.on('data', (said) => { log += said; });
  for (let tenths = 0; !log.includes('Listening on'); tenths += 1) {
    assert.ok(tenths < 150 && application.exitCode === null, `the application did not start: ${log}`);
    await sleep(100);
  }
  browser = await launch();
});

after(async () => {
  await browser?.close();
  application?.kill();
});

/** The names of the cookies that an answer sets. */
async function cookies(answer) {
  const headers = await answer.headersArray();
  const set = headers.filter(({ name }) => name.toLowerCase() === 'set-cookie');
  return set.map(({ value }) => value.split('=')[0]).sort();
}

/** What the address's page says in this tab when it comes from the application's server, before any script has run. */
async function rendered(page) {
  const answer = await page.goto(FRONT_END);
  assert.deepEqual([answer.status(), await cookies(answer)], [200, BOTH]);
  return answer.text();
}

test('somebody logs in, is known to the pages that the server renders, and logs out', async () => {
  const page = await (await person(browser)).newPage();
  const shown = (selector, text) => page.locator(selector, { hasText: text }).waitFor();
  // Who is nobody is led to the login; the server asked for them as well, and passes on the cookies of the 401.
  const asked = page.waitForResponse(`${FRONT_END}/`);
  await page.goto(FRONT_END);
  assert.deepEqual([page.url(), await cookies(await asked)], [`${FRONT_END}/login`, BOTH]);
  await page.fill('[name=email]', EMAIL);
  await page.fill('[name=password]', 'nope');
  await page.click('button');
  await shown('#refusal', '422 These credentials do not match our records.');
  await page.fill('[name=password]', PASSWORD);
  await page.click('button');
  await shown('#user', EMAIL);
  assert.equal(page.url(), `${FRONT_END}/`);
  // Each page has the cookies of its own call of the API, and the session goes on with them.
  assert.match(await rendered(page), /<p id="user">ada@example\.org<\/p>/);
  assert.match(await rendered(page), /<p id="user">ada@example\.org<\/p>/);
  await page.click('button');
  await page.waitForURL(`${FRONT_END}/login`);
  assert.doesNotMatch(await rendered(page), /ada@example\.org/);
  assert.equal(page.url(), `${FRONT_END}/login`);
});

test('the module has nothing to warn of', () => {
  assert.equal(log.trim(), `Listening on http://127.0.0.1:${new URL(FRONT_END).port}`);
});

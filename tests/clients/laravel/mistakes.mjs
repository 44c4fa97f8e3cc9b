/**
 * The mistakes that front ends make, in Chromium: a 419 says which it was (`X-CSRF-Failure`).
 *
 *     node mistakes.mjs http://localhost:8000 http://localhost:3000 http://localhost:3001
 *
 * The server, its front end, and the origin of a stranger; both are served from here. The server also has the front ends
 * http://127.0.0.1:3000 and http://app.example.test:3000, and a cookie of its host alone. Exit 0 if each mistake is named.
 */

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { launch, person } from '../chromium.mjs';
import { ask, serve, tab } from './pages.mjs';

const [SERVER, FRONT_END, STRANGER] = process.argv.slice(2);
const OTHER_SITE = FRONT_END.replace('localhost', '127.0.0.1');
const SUBDOMAIN = FRONT_END.replace('localhost', 'app.example.test');
const SESSION = 'laravel-session';

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

/** A login that is refused with 419, and the reason that is told. */
async function reason(page, options) {
  const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
  const said = await ask(page, 'post', '/login', {}, options);
  assert.deepEqual(said, [419, { message: 'CSRF token mismatch.' }]);
  return (await answered).headerValue('x-csrf-failure');
}

/** A tab of somebody new that has called for its cookies. */
async function readyTab(origin = FRONT_END, server = SERVER) {
  const page = await tab(await person(browser), origin, server);
  assert.deepEqual(await ask(page, 'get', '/sanctum/csrf-cookie'), [204, '']);
  return page;
}

test('the cookies were never called for', async () => {
  assert.equal(await reason(await tab(await person(browser), FRONT_END, SERVER)), 'no_cookies');
});

test('axios was not told to send the token', async () => {
  assert.equal(await reason(await readyTab(), { withXSRFToken: false }), 'header_missing');
});

test('axios was not told to send the cookies', async () => {
  assert.equal(await reason(await readyTab(), { withCredentials: false }), 'header_without_cookies');
});

test('the token is another', async () => {
  const page = await readyTab();
  const stale = await page.evaluate(() => document.cookie.match(/XSRF-TOKEN=([^;]*)/)[1]);
  await page.context().clearCookies();
  await ask(page, 'get', '/sanctum/csrf-cookie');
  assert.equal(await reason(page, { withXSRFToken: false, headers: { 'X-XSRF-TOKEN': stale } }), 'token_stale');
});

test('the session has ended', async () => {
  const page = await readyTab();
  await page.context().addCookies([{ name: SESSION, value: 'ended', url: SERVER, httpOnly: true }]);
  assert.equal(await reason(page), 'session_unknown');
});

test('page and server are on two sites', async () => {
  assert.equal(await reason(await readyTab(OTHER_SITE)), 'cross_site');
});

test('the page is at another name below the same domain, and the cookies are for one name alone', async () => {
  assert.equal(await reason(await readyTab(SUBDOMAIN, SERVER.replace('localhost', 'api.example.test'))), 'header_missing');
});

test('the page is no front end', async () => {
  const page = await tab(await person(browser), STRANGER, SERVER);
  const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
  await page.evaluate((server) => {
    document.body.innerHTML = `<form method="post" action="${server}/login"></form>`;
    document.forms[0].submit();
  }, SERVER);
  assert.equal(await (await answered).headerValue('x-csrf-failure'), 'origin_not_stateful');
});

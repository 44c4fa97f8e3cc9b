/**
 * A page with axios in Chromium, at another port than its server: what CORS and cookies really let it do.
 *
 *     node browser.mjs http://localhost:8000 http://localhost:3000 http://localhost:3001
 *
 * The server, the one front end that it lets in, and the origin of a stranger. Both origins are served from here.
 * Exit 0 if everything went as it should. A real Laravel passes all but what is called "beyond Laravel": its meta tag is
 * in a page of the application.
 */

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { launch, person } from '../chromium.mjs';
import { ask, serve, tab } from './pages.mjs';

const [SERVER, FRONT_END, STRANGER] = process.argv.slice(2);
const PASSWORD = 'Zx9-quokka-77';

const UNAUTHENTICATED = [401, { message: 'Unauthenticated.' }];
const MISMATCH = [419, { message: 'CSRF token mismatch.' }];
/** What axios says when the browser shows it no answer. */
const UNREADABLE = ['ERR_NETWORK', undefined];

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

/** A tab of somebody new. */
async function newTab() {
  return tab(await person(browser), FRONT_END, SERVER);
}

/** Registers somebody with this address. */
async function register(email) {
  const page = await newTab();
  await ready(page);
  const form = { name: 'Ada', email, password: PASSWORD, password_confirmation: PASSWORD };
  assert.deepEqual(await ask(page, 'post', '/register', form), [204, '']);
}

async function ready(page) {
  assert.deepEqual(await ask(page, 'get', '/sanctum/csrf-cookie'), [204, '']);
}

async function logIn(page, email) {
  assert.deepEqual(await ask(page, 'post', '/login', { email, password: PASSWORD }), [204, '']);
}

async function isLoggedIn(page, email) {
  const [status, user] = await ask(page, 'get', '/api/user');
  assert.deepEqual([status, user.email], [200, email]);
}

test('a page logs in, asks for its user and logs out', async () => {
  const email = 'page@example.org';
  await register(email);
  const page = await newTab();
  assert.deepEqual(await ask(page, 'get', '/api/user'), UNAUTHENTICATED);
  await ready(page);
  const wrong = 'These credentials do not match our records.';
  const refusal = [422, { message: wrong, errors: { email: [wrong] } }];
  assert.deepEqual(await ask(page, 'post', '/login', { email, password: 'nope' }), refusal);
  await logIn(page, email);
  await isLoggedIn(page, email);
  await page.reload();
  await isLoggedIn(page, email);
  assert.deepEqual(await page.evaluate(() => document.cookie.split('=')[0]), 'XSRF-TOKEN');
  assert.deepEqual(await ask(page, 'post', '/logout'), [204, '']);
  assert.deepEqual(await ask(page, 'get', '/api/user'), UNAUTHENTICATED);
});

test('refusals of every kind can be read', async () => {
  const page = await newTab();
  assert.deepEqual(await ask(page, 'post', '/login', {}), MISMATCH);
  assert.equal((await ask(page, 'get', '/nope'))[0], 404);
  assert.equal((await ask(page, 'delete', '/login'))[0], 405);
  await ready(page);
  assert.equal((await ask(page, 'post', '/login', {}))[0], 422);
  assert.equal((await ask(page, 'post', '/login', { email: 'x'.repeat(9_000_000) }))[0], 413);
});

test('beyond Laravel: the api-token of the meta tag opens the API without cookies', async () => {
  const email = 'meta@example.org';
  await register(email);
  const page = await newTab();
  await ready(page);
  await logIn(page, email);
  const [, tag] = await ask(page, 'get', '/meta/api-token');
  const withoutCookies = { withCredentials: false, withXSRFToken: false };
  assert.deepEqual(await ask(page, 'get', '/api/user', null, withoutCookies), UNAUTHENTICATED);
  await page.evaluate((html) => {
    document.head.insertAdjacentHTML('beforeend', html);
    const token = document.head.querySelector('meta[name="api-token"]').content;
    window.axios.defaults.headers.common.Authorization = `Bearer ${token}`;
  }, tag);
  const [status, user] = await ask(page, 'get', '/api/user', null, withoutCookies);
  assert.deepEqual([status, user.email], [200, email]);
  // With both, as the page has it until it is loaded anew.
  await isLoggedIn(page, email);
  const [made, { token }] = await ask(page, 'post', '/api/tokens/create', { token_name: 'laptop' });
  assert.equal(made, 200);
  assert.match(token, /^\d+\|[A-Za-z0-9]{48}$/);
  // Another login makes another api-token.
  const other = await newTab();
  await ready(other);
  await logIn(other, email);
  assert.deepEqual(await ask(page, 'get', '/api/user', null, withoutCookies), UNAUTHENTICATED);
});

test('a strange page reads nothing and changes nothing', async () => {
  const email = 'robbed@example.org';
  await register(email);
  const somebody = await person(browser);
  const page = await tab(somebody, FRONT_END, SERVER);
  await ready(page);
  await logIn(page, email);
  const strange = await tab(somebody, STRANGER, SERVER);
  for (const [method, path] of [['get', '/api/user'], ['post', '/logout'], ['get', '/nope']]) {
    assert.deepEqual(await ask(strange, method, path), UNREADABLE, path);
  }
  // This one is sent without asking the server first, and answered.
  const read = (url) => fetch(url, { credentials: 'include' }).then((answer) => answer.text(), String);
  assert.equal(await strange.evaluate(read, `${SERVER}/api/user`), 'TypeError: Failed to fetch');
  assert.equal(JSON.parse(await page.evaluate(read, `${SERVER}/api/user`)).email, email);
  // So is a form, with the cookies: for them all ports of a host are one site.
  const [answer] = await Promise.all([
    strange.waitForNavigation(),
    strange.evaluate((server) => {
      document.body.innerHTML = `<form method="post" action="${server}/logout"></form>`;
      document.forms[0].submit();
    }, SERVER),
  ]);
  assert.equal(answer.status(), 419);
  assert.match(await answer.request().headerValue('cookie'), /laravel-session=/);
  await isLoggedIn(page, email);
});

test('tabs of one browser share the session', async () => {
  const email = 'tabs@example.org';
  await register(email);
  const somebody = await person(browser);
  const first = await tab(somebody, FRONT_END, SERVER);
  const second = await tab(somebody, FRONT_END, SERVER);
  await ready(first);
  await logIn(first, email);
  await isLoggedIn(second, email);
  assert.deepEqual(await ask(second, 'post', '/logout'), [204, '']);
  assert.deepEqual(await ask(first, 'get', '/api/user'), UNAUTHENTICATED);
  // The logout brought a new token for the next login, for both.
  await logIn(first, email);
  await isLoggedIn(second, email);
});

test('a tab that kept its token from before a login elsewhere asks for another', async () => {
  const email = 'stale@example.org';
  await register(email);
  const somebody = await person(browser);
  const first = await tab(somebody, FRONT_END, SERVER);
  const second = await tab(somebody, FRONT_END, SERVER);
  const keep = () => second.evaluate(() => {
    window.axios.defaults.withXSRFToken = false;
    window.axios.defaults.headers.common['X-XSRF-TOKEN'] = decodeURIComponent(document.cookie.match(/XSRF-TOKEN=([^;]*)/)[1]);
  });
  await ready(second);
  await keep();
  await logIn(first, email);
  await isLoggedIn(second, email);
  const token = { token_name: 'second' };
  assert.deepEqual(await ask(second, 'post', '/api/tokens/create', token), MISMATCH);
  await ready(second);
  await keep();
  assert.equal((await ask(second, 'post', '/api/tokens/create', token))[0], 200);
});

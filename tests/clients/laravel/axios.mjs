/**
 * axios in Node with a jar for its cookies, as tests and server-side rendering have it, against Laravel's API.
 *
 *     node axios.mjs http://localhost:8000 http://localhost:3000 MAILS
 *
 * The server, the front end that it lets in, and the folder into which it writes its mails (`transport = "file:MAILS"`).
 * Exit 0 if everything went as it should. A real Laravel passes all but what is called "beyond Laravel".
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import axios from 'axios';

import {
  FRONT_END, MISMATCH, NO_MATCH, PASSWORD, SERVER, UNAUTHENTICATED, answered, frontEnd, invalid, refused, registered, withToken, xsrfToken,
} from './front_end.mjs';
import { linkTo } from './mails.mjs';

const MAILS = process.argv[4];
const SECOND = 'Qm4-wombat-31';

test('an account is registered and its address confirmed by the mailed link', async () => {
  const http = await registered('ada@example.org');
  const user = await answered(http.get('/api/user'), 200);
  assert.deepEqual(Object.keys(user), ['id', 'name', 'email', 'email_verified_at', 'created_at', 'updated_at']);
  assert.deepEqual([user.name, user.email, user.email_verified_at], ['Ada', 'ada@example.org', null]);
  const link = await linkTo(MAILS, 'ada@example.org', '/verify-email/');
  const followed = await http.get(link, { maxRedirects: 0, validateStatus: null });
  assert.deepEqual([followed.status, followed.headers.location], [302, `${FRONT_END}/dashboard?verified=1`]);
  const { email_verified_at } = await answered(http.get('/api/user'), 200);
  assert.match(email_verified_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$/);
});

for (const [name, email, decode] of [
  ['a session is opened, used and ended', 'session@example.org', decodeURIComponent],
  ['beyond Laravel: the XSRF token need not be decoded', 'raw@example.org', (value) => value],
]) {
  test(name, async () => {
    await registered(email);
    const http = frontEnd({ decode });
    await answered(http.get('/sanctum/csrf-cookie'), 204);
    await refused(http.get('/api/user'), 401, UNAUTHENTICATED);
    const before = await xsrfToken(http.jar);
    await answered(http.post('/login', { email, password: PASSWORD }), 204);
    assert.notEqual(await xsrfToken(http.jar), before);
    assert.equal((await answered(http.get('/api/user'), 200)).email, email);
    const { token } = await answered(http.post('/api/tokens/create', { token_name: 'laptop' }), 200);
    const made = (await answered(http.get('/api/tokens'), 200)).find((row) => row.name === 'laptop');
    assert.equal((await answered(withToken(token).get('/api/user'), 200)).email, email);
    await answered(http.delete(`/api/tokens/${made.id}`), 204);
    await refused(withToken(token).get('/api/user'), 401, UNAUTHENTICATED);
    await answered(http.post('/logout'), 204);
    await refused(http.get('/api/user'), 401, UNAUTHENTICATED);
  });
}

test('a device that is remembered outlives its session', async () => {
  const email = 'remembered@example.org';
  await registered(email);
  const http = frontEnd();
  await answered(http.get('/sanctum/csrf-cookie'), 204);
  await answered(http.post('/login', { email, password: PASSWORD, remember: true }), 204);
  const kept = (await http.jar.getCookies(SERVER)).filter((cookie) => cookie.key.startsWith('remember_web_'));
  assert.equal(kept.length, 1);
  await http.jar.removeAllCookies();
  await http.jar.setCookie(kept[0], SERVER);
  assert.equal((await answered(http.get('/api/user'), 200)).email, email);
  await answered(http.post('/logout'), 204);
  await refused(http.get('/api/user'), 401, UNAUTHENTICATED);
});

for (const [name, email, says] of [
  ['asking for the cookie again mends a 419', 'mismatch@example.org', () => {}],
  ['beyond Laravel: a 419 says why', 'why@example.org', (answer, reason) => assert.equal(answer.headers['x-csrf-failure'], reason)],
]) {
  test(name, async () => {
    await registered(email);
    const http = frontEnd({ decode: null });
    const post = (path, body, token) => http.post(path, body, { headers: token && { 'X-XSRF-TOKEN': decodeURIComponent(token) } });
    const login = { email, password: PASSWORD };
    says(await refused(post('/login', login), 419, MISMATCH), 'no_cookies');
    await answered(http.get('/sanctum/csrf-cookie'), 204);
    says(await refused(post('/login', login), 419, MISMATCH), 'header_missing');
    const first = await xsrfToken(http.jar);
    await answered(post('/login', login, first), 204);
    says(await refused(post('/logout', {}, first), 419, MISMATCH), 'token_stale');
    await answered(http.get('/sanctum/csrf-cookie'), 204);
    await answered(post('/logout', {}, await xsrfToken(http.jar)), 204);
  });
}

test('what is wrong with a form is told by field', async () => {
  const email = 'forms@example.org';
  const http = await registered(email);
  await answered(http.post('/logout'), 204);
  await refused(http.post('/login', { email, password: 'nope' }), 422, NO_MATCH);
  await refused(http.post('/login', { email }), 422, invalid('password', 'The password field is required.'));
  const person = { name: 'Ada', email, password: PASSWORD, password_confirmation: PASSWORD };
  await refused(http.post('/register', person), 422, invalid('email', 'The email has already been taken.'));
  await refused(http.post('/register', { email: 'x', password: 'short' }), 422, {
    message: 'The name field is required. (and 3 more errors)',
    errors: {
      name: ['The name field is required.'],
      email: ['The email field must be a valid email address.'],
      password: ['The password field confirmation does not match.', 'The password field must be at least 8 characters.'],
    },
  });
  // axios sends these as forms.
  const form = new URLSearchParams({ email, password: PASSWORD });
  await answered(http.post('/login', form), 204);
  await answered(http.postForm('/api/tokens/create', { token_name: 'form', abilities: ['read'] }), 200);
});

test('a program logs in for a token', async () => {
  const email = 'program@example.org';
  await registered(email);
  const anon = axios.create({ baseURL: SERVER, timeout: 30_000 });
  const { token } = await answered(anon.post('/api/auth/token', { email, password: PASSWORD }), 200);
  assert.match(token, /^\d+\|[A-Za-z0-9]{48}$/);
  const device = { email, password: PASSWORD, device_name: 'phone' };
  const plain = await answered(anon.post('/sanctum/token', device), 200);
  const [http, phone] = [withToken(token), withToken(plain)];
  assert.equal((await answered(http.get('/api/user'), 200)).email, email);
  assert.equal((await answered(phone.get('/api/user'), 200)).email, email);
  await answered(http.post('/api/auth/logout'), 204);
  await refused(http.get('/api/user'), 401, UNAUTHENTICATED);
  await answered(phone.get('/api/user'), 200);
});

test('a forgotten password is replaced by the mailed link', async () => {
  const email = 'forgetful@example.org';
  await registered(email);
  const http = frontEnd();
  await answered(http.get('/sanctum/csrf-cookie'), 204);
  const unknown = invalid('email', "We can't find a user with that email address.");
  await refused(http.post('/forgot-password', { email: 'nobody@example.org' }), 422, unknown);
  const sent = await answered(http.post('/forgot-password', { email }), 200);
  assert.deepEqual(sent, { status: 'We have emailed your password reset link.' });
  const link = new URL(await linkTo(MAILS, email, '/password-reset/'));
  assert.deepEqual([link.origin, link.searchParams.get('email')], [FRONT_END, email]);
  const token = link.pathname.split('/').at(-1);
  const reset = { token, email, password: SECOND, password_confirmation: SECOND };
  assert.deepEqual(await answered(http.post('/reset-password', reset), 200), { status: 'Your password has been reset.' });
  await refused(http.post('/reset-password', reset), 422, invalid('email', 'This password reset token is invalid.'));
  await refused(http.post('/login', { email, password: PASSWORD }), 422, NO_MATCH);
  await answered(http.post('/login', { email, password: SECOND }), 204);
});

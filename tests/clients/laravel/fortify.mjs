/**
 * axios in Node against Laravel's Fortify: the profile and the passwords of somebody who is logged in.
 *
 *     node fortify.mjs http://localhost:8000 http://localhost:3000
 *
 * The server and the front end that it lets in. Exit 0 if everything went as it should; so it does with a real Laravel.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { NO_MATCH, PASSWORD, UNAUTHENTICATED, answered, frontEnd, invalid, refused, registered } from './front_end.mjs';

const SECOND = 'Qm4-wombat-31';
const CREATED = 201;

test('a session is opened, used and ended', async () => {
  const email = 'session@example.org';
  await registered(email, CREATED);
  const http = frontEnd();
  await answered(http.get('/sanctum/csrf-cookie'), 204);
  await refused(http.post('/login', { email, password: SECOND }), 422, NO_MATCH);
  assert.deepEqual(await answered(http.post('/login', { email, password: PASSWORD }), 200), { two_factor: false });
  assert.equal((await answered(http.get('/api/user'), 200)).email, email);
  await answered(http.post('/logout'), 204);
  await refused(http.get('/api/user'), 401, UNAUTHENTICATED);
});

test('a profile is changed, by PUT and by a form that says PUT', async () => {
  const email = 'profile@example.org';
  const http = await registered(email, CREATED);
  const path = '/user/profile-information';
  const profile = async () => answered(http.get('/api/user'), 200);
  await refused(http.put(path, { name: 'Grace', email: 'x' }), 422, {
    message: 'The email field must be a valid email address.',
    errors: { email: ['The email field must be a valid email address.'] },
  });
  await answered(http.put(path, { name: 'Grace', email }), 200);
  assert.equal((await profile()).name, 'Grace');
  // nuxt-auth-sanctum sends this where it is asked to PUT a FormData, because PHP reads forms of POST alone.
  await answered(http.postForm(path, { name: 'Grete', email: 'other@example.org', _method: 'PUT' }), 200);
  const { name, email: address } = await profile();
  assert.deepEqual([name, address], ['Grete', 'other@example.org']);
});

test('a password is confirmed', async () => {
  const http = await registered('confirmed@example.org', CREATED);
  const isConfirmed = async () => answered(http.get('/user/confirmed-password-status'), 200);
  const wrong = invalid('password', 'The provided password was incorrect.');
  assert.deepEqual(await isConfirmed(), { confirmed: false });
  await refused(http.post('/user/confirm-password', { password: SECOND }), 422, wrong);
  assert.deepEqual(await isConfirmed(), { confirmed: false });
  await answered(http.post('/user/confirm-password', { password: PASSWORD }), CREATED);
  assert.deepEqual(await isConfirmed(), { confirmed: true });
});

test('a new password ends the sessions, its own among them', async () => {
  const email = 'password@example.org';
  const http = await registered(email, CREATED);
  await answered(http.get('/api/user'), 200);
  const change = { current_password: PASSWORD, password: SECOND, password_confirmation: SECOND };
  const wrong = invalid('current_password', 'The provided password does not match your current password.');
  await refused(http.put('/user/password', { ...change, current_password: SECOND }), 422, wrong);
  await answered(http.put('/user/password', change), 200);
  await refused(http.get('/api/user'), 401, UNAUTHENTICATED);
  await answered(http.get('/sanctum/csrf-cookie'), 204);
  await refused(http.post('/login', { email, password: PASSWORD }), 422, NO_MATCH);
  await answered(http.post('/login', { email, password: SECOND }), 200);
});

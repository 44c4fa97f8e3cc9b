/**
 * Pages whose access token is over when they ask for ten things at once: interceptors of axios as people write them, and
 * the packages axios-auth-refresh and axios-jwt. Nobody may be thrown out.
 *
 *     node refresh.mjs http://localhost:8000 [rotating]
 *
 * The server has `jwt.access_ttl = "8s"`, perhaps `jwt.rotate_refresh = true` with `jwt.refresh_grace = "5s"`, and a user
 * `ada` with the password `password`. Exit 0 if everything went as it should.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import axios from 'axios';
import { createAuthRefresh } from 'axios-auth-refresh';
import axiosJwt from 'axios-jwt';

const [SERVER, MODE] = process.argv.slice(2);
const ROTATING = MODE === 'rotating';
const GRACE = 5000;
const MANY = 10;
const ACCESS_TTL = 8000;
/** Beyond the ends of these. */
const MARGIN = 500;

const EXPIRED = { error: 'invalid_token', message: 'The token has expired.' };
const INVALID = { error: 'invalid_token', message: 'The token is not valid.' };

/** A page: axios, where it keeps its tokens, and what it was told how often. */
function page() {
  const http = axios.create({ baseURL: SERVER, timeout: 30_000 });
  const counts = { refused: 0, refreshed: 0 };
  http.interceptors.response.use(null, (error) => {
    if (error.response?.status === 401) counts.refused += 1;
    return Promise.reject(error);
  });
  return { http, counts, tokens: {}, keep: async () => {} };
}

/** Sends the access token with everything, also with the refresh, where it is dead. */
function withHeader(page) {
  page.http.interceptors.request.use((request) => {
    if (page.tokens.access_token) request.headers.set('Authorization', `Bearer ${page.tokens.access_token}`);
    return request;
  });
}

async function refresh(page, options) {
  page.counts.refreshed += 1;
  const { data } = await page.http.post('/auth/refresh', { refresh_token: page.tokens.refresh_token }, options);
  assert.deepEqual(Object.keys(data), ['access_token', 'token_type', 'expires_in', ...(ROTATING ? ['refresh_token'] : [])]);
  Object.assign(page.tokens, data);
}

/** Refreshes on 401 and asks again, once. */
function onUnauthorized(page, renew) {
  page.http.interceptors.response.use(null, async (error) => {
    const request = error.config;
    if (error.response?.status !== 401 || request.again || request.url === '/auth/refresh') throw error;
    await renew();
    return page.http({ ...request, again: true });
  });
}

/** The windows of one login in which ten requests are made. */
const PAGES = {
  'an interceptor whose requests share one refresh': () => {
    const it = page();
    withHeader(it);
    let underway;
    onUnauthorized(it, () => {
      underway ??= refresh(it).finally(() => { underway = undefined; });
      return underway;
    });
    return [it];
  },
  'an interceptor whose requests refresh each for itself': () => [withoutSharing()],
  'ten windows, which all have the same tokens': () => Array.from({ length: MANY }, withoutSharing),
  'axios-auth-refresh': () => {
    const it = page();
    withHeader(it);
    // With `deduplicateRefresh`, its default, it rejects what is refused while a refresh is underway, whatever the server.
    createAuthRefresh(it.http, () => refresh(it, { skipAuthRefresh: true }), { deduplicateRefresh: false });
    return [it];
  },
  // It does not wait for a 401 but looks at `exp`: a token in its last ten seconds is over, and so is each of these.
  'axios-jwt': () => {
    const it = page();
    const kept = new Map();
    axiosJwt.applyAuthTokenInterceptor(it.http, {
      requestRefresh: async (refresh_token) => {
        it.counts.refreshed += 1;
        const { data } = await axios.post(`${SERVER}/auth/refresh`, { refresh_token });
        Object.assign(it.tokens, data);
        return ROTATING ? { accessToken: data.access_token, refreshToken: data.refresh_token } : data.access_token;
      },
      getStorage: () => ({
        get: async (key) => kept.get(key) ?? null,
        set: async (key, value) => kept.set(key, value),
        remove: async (key) => kept.delete(key),
      }),
    });
    it.keep = ({ access_token, refresh_token }) => axiosJwt.setAuthTokens({ accessToken: access_token, refreshToken: refresh_token });
    it.forgets = () => kept.size === 0;
    return [it];
  },
};

function withoutSharing() {
  const it = page();
  withHeader(it);
  onUnauthorized(it, () => refresh(it));
  return it;
}

async function logIn() {
  return (await axios.post(`${SERVER}/auth/login`, { identifier: 'ada', password: 'password' })).data;
}

/** Status and body of an answer, also of a refusal. */
async function answer(request) {
  const { status, data } = await request.catch((error) => error.response ?? assert.fail(error.message));
  return [status, data];
}

const bearer = (token) => ({ headers: { Authorization: `Bearer ${token}` } });
const send = (refresh_token) => answer(axios.post(`${SERVER}/auth/refresh`, { refresh_token }));
const show = (access_token) => answer(axios.get(`${SERVER}/auth/me`, bearer(access_token)));

/** The next tokens of a login that lives. */
async function renewed(tokens) {
  const [status, next] = await send(tokens.refresh_token);
  assert.equal(status, 200, JSON.stringify(next));
  assert.equal((await show(next.access_token))[0], 200);
  return { ...tokens, ...next };
}

/** Nothing of this login is good any more. */
async function isOver({ access_token, refresh_token }) {
  assert.deepEqual([await show(access_token), await send(refresh_token)], [[401, INVALID], [401, INVALID]]);
}

describe('tokens that are over', { concurrency: true }, () => {
  for (const [name, open] of Object.entries(PAGES)) {
    test(`ten requests at once: ${name}`, async () => {
      const [pages, first, other] = [open(), await logIn(), await logIn()];
      for (const page of pages) {
        Object.assign(page.tokens, first);
        await page.keep(first);
      }
      await sleep(ACCESS_TTL + MARGIN);
      const requests = Array.from({ length: MANY }, (_, index) => answer(pages[index % pages.length].http.get('/auth/me')));
      assert.deepEqual(await Promise.all(requests), Array(MANY).fill([200, first.user]));
      const sum = (what) => pages.reduce((sum, page) => sum + page.counts[what], 0);
      assert.equal(sum('refused'), name === 'axios-jwt' ? 0 : MANY);
      assert.ok(sum('refreshed') >= (pages.length === 1 ? 1 : MANY), 'it was renewed');

      // All have the same, and it is good.
      const [{ tokens }] = pages;
      assert.deepEqual(pages.map((page) => page.tokens.refresh_token), pages.map(() => tokens.refresh_token));
      assert.equal(tokens.refresh_token === first.refresh_token, !ROTATING);
      const second = await renewed(tokens);

      await sleep(GRACE + MARGIN);
      const last = await renewed(second);
      if (ROTATING) {
        // What was spent comes back: its owner and a thief cannot be told apart.
        assert.deepEqual(await send(first.refresh_token), [401, INVALID]);
      } else {
        assert.equal(last.refresh_token, first.refresh_token);
        assert.equal((await axios.post(`${SERVER}/auth/logout`, null, bearer(last.access_token))).status, 204);
      }
      await isOver(last);
      // A page that is told so forgets its tokens.
      const [page] = pages;
      await page.keep(last);
      await assert.rejects(page.http.get('/auth/me'), /401/);
      assert.ok(page.forgets?.() ?? true);
      await renewed(other);
    });
  }

  test('the old header on a refresh or a login is not looked at', async () => {
    const { access_token, ...login } = await logIn();
    let { refresh_token } = login;
    await sleep(ACCESS_TTL + MARGIN);
    assert.deepEqual(await show(access_token), [401, EXPIRED]);
    for (const token of [access_token, 'x', '1|x']) {
      const next = await axios.post(`${SERVER}/auth/refresh`, { refresh_token }, bearer(token));
      refresh_token = next.data.refresh_token ?? refresh_token;
      assert.equal((await show(next.data.access_token))[0], 200);
      const anew = await axios.post(`${SERVER}/auth/login`, { identifier: 'ada', password: 'password' }, bearer(token));
      assert.equal((await show(anew.data.access_token))[0], 200);
    }
  });

  test('what never was a refresh token is refused as one', async () => {
    assert.deepEqual(await send('x'), [401, INVALID]);
  });
});

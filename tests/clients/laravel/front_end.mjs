/**
 * axios in Node as the front ends of the tests have it: the cookies in a jar, the XSRF token sent back by hand.
 *
 * The first two words of the command line are the server and the front end that it lets in.
 */

import assert from 'node:assert/strict';

import axios from 'axios';
import { wrapper } from 'axios-cookiejar-support';
import { CookieJar } from 'tough-cookie';

export const [SERVER, FRONT_END] = process.argv.slice(2);
export const PASSWORD = 'Zx9-quokka-77';

/** A front end: it keeps cookies, says where it is, and sends the readable cookie back, decoded or as it is. */
export function frontEnd({ decode = decodeURIComponent } = {}) {
  const jar = new CookieJar();
  const http = wrapper(axios.create({ baseURL: SERVER, jar, timeout: 30_000, headers: { Accept: 'application/json', Referer: FRONT_END } }));
  http.interceptors.request.use(async (request) => {
    const token = await xsrfToken(jar);
    if (token && decode) request.headers.set('X-XSRF-TOKEN', decode(token));
    return request;
  });
  return Object.assign(http, { jar });
}

/** The readable cookie as it came. */
export async function xsrfToken(jar) {
  return (await jar.getCookies(SERVER)).find((cookie) => cookie.key === 'XSRF-TOKEN')?.value;
}

/** A program with a token and without cookies. */
export function withToken(token) {
  return axios.create({ baseURL: SERVER, timeout: 30_000, headers: { Accept: 'application/json', Authorization: `Bearer ${token}` } });
}

/** A front end that has registered somebody, who is logged in by that; Fortify says 201 to it. */
export async function registered(email, status = 204) {
  const http = frontEnd();
  await answered(http.get('/sanctum/csrf-cookie'), 204);
  await answered(http.post('/register', { name: 'Ada', email, password: PASSWORD, password_confirmation: PASSWORD }), status);
  return http;
}

/** What the answer says; it must have this status. */
export async function answered(request, status) {
  const answer = await request.catch((error) => error.response ?? Promise.reject(new Error(error.message)));
  assert.equal(answer.status, status, `${answer.status}: ${JSON.stringify(answer.data)}`);
  return answer.data;
}

/** What axios rejects with; the answer must have this status and this body. */
export async function refused(request, status, body) {
  const error = await request.then((answer) => assert.fail(`${answer.status}`), (error) => error);
  assert.deepEqual([error.response?.status, error.response?.data], [status, body], error.message);
  return error.response;
}

/** The body of a 422 about one field. */
export function invalid(field, message) {
  return { message, errors: { [field]: [message] } };
}

export const UNAUTHENTICATED = { message: 'Unauthenticated.' };
export const MISMATCH = { message: 'CSRF token mismatch.' };
export const NO_MATCH = invalid('email', 'These credentials do not match our records.');

/**
 * Node's libraries for JSON Web Tokens check what the hotel API signs, by the published keys: jose, and express-jwt with
 * jwks-rsa, which is jsonwebtoken with its usual surroundings.
 *
 *     COUNTERSIGN=countersign node keys.mjs http://localhost:8000 RS256
 *
 * Run in the server's folder, because it makes a new key with the program that the variable names. The server has this
 * algorithm, `jwt.issuer = "https://id.example.org"`, `jwt.audience = "hotels"`, `keys.announce = "2s"` and a user `ada` with the password
 * `password`. Exit 0 if everything went as it should.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import axios from 'axios';
import { expressjwt } from 'express-jwt';
import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, exportSPKI, importJWK, jwtVerify } from 'jose';
import jwksRsa from 'jwks-rsa';

const [SERVER, ALGORITHM] = process.argv.slice(2);
const ISSUER = 'https://id.example.org';
const AUDIENCE = 'hotels';
const KEYS = `${SERVER}/.well-known/jwks.json`;
const PATIENCE = 30_000;
/** A library that has just looked looks again after this. */
const COOLDOWN = 100;

const http = axios.create({ baseURL: SERVER, timeout: PATIENCE, validateStatus: null });
const closing = [];
after(() => closing.forEach((close) => close()));

/** The answer to a new login. */
async function logIn() {
  const answer = await http.post('/auth/login', { identifier: 'ada', password: 'password' });
  assert.equal(answer.status, 200, JSON.stringify(answer.data));
  return answer;
}

async function accessToken() {
  return (await logIn()).data.access_token;
}

/** What the server itself says to a token. */
async function status(token) {
  return (await http.get('/auth/me', { headers: { Authorization: `Bearer ${token}` } })).status;
}

/** jose, which fetches the keys and keeps them. */
function byJose() {
  let fetched = 0;
  const look = (...request) => {
    fetched += 1;
    return fetch(...request);
  };
  const keys = createRemoteJWKSet(new URL(KEYS), { cooldownDuration: COOLDOWN, [customFetch]: look });
  const verify = async (token, { issuer = ISSUER, audience = AUDIENCE } = {}) => {
    const requiredClaims = ['exp', 'iat', 'iss', 'aud', 'sub', 'jti', 'sid', 'typ'];
    const verified = await jwtVerify(token, keys, { issuer, audience, algorithms: [ALGORITHM], requiredClaims, typ: 'JWT' });
    return verified.payload;
  };
  return { verify, fetched: () => fetched };
}

/** An application with express-jwt in front of it; it answers with the claims. */
async function byExpress() {
  let fetched = 0;
  const secret = jwksRsa.expressJwtSecret({
    jwksUri: KEYS,
    cache: true,
    fetcher: async (url) => {
      fetched += 1;
      return (await fetch(url)).json();
    },
  });
  const guardOf = (issuer, audience) => expressjwt({ secret, issuer, audience, algorithms: [ALGORITHM] });
  const application = createServer((request, response) => {
    const { searchParams } = new URL(request.url, 'http://localhost');
    const guard = guardOf(searchParams.get('issuer'), searchParams.get('audience'));
    guard(request, response, (error) => {
      response.writeHead(error ? (error.status ?? 500) : 200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(error ? { code: error.code, message: error.message } : request.auth));
    });
  });
  application.listen(0, '127.0.0.1');
  await once(application, 'listening');
  closing.push(() => application.close());
  const verify = async (token, { issuer = ISSUER, audience = AUDIENCE } = {}) => {
    const url = `http://127.0.0.1:${application.address().port}/?${new URLSearchParams({ issuer, audience })}`;
    const answer = await axios.get(url, { headers: { Authorization: `Bearer ${token}` }, validateStatus: null, timeout: PATIENCE });
    if (answer.status !== 200) throw Object.assign(new Error(answer.data.message), answer.data, { status: answer.status });
    return answer.data;
  };
  return { verify, fetched: () => fetched };
}

// jsonwebtoken has never learnt Ed25519, which is why the server's settings warn of EdDSA.
const libraries = { jose: byJose(), ...(ALGORITHM !== 'EdDSA' && { 'express-jwt': await byExpress() }) };

/** The same claims under a header and a signature of somebody else's. */
function forged(token, change, signed) {
  const [header, payload] = token.split('.');
  const changed = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(header, 'base64url')), ...change })).toString('base64url');
  return `${changed}.${payload}.${signed(`${changed}.${payload}`)}`;
}

/** Signs as the algorithm has it, with a key that the server does not know. */
function stranger(algorithm) {
  const { privateKey } = {
    RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: () => generateKeyPairSync('ed25519'),
  }[algorithm]();
  const digest = algorithm === 'EdDSA' ? null : 'sha256';
  return (text) => sign(digest, Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

test('the tokens are such as every library takes', async () => {
  const before = Math.floor(Date.now() / 1000);
  const { data, headers } = await logIn();
  const after = Math.floor(Date.now() / 1000);
  const claims = decodeJwt(data.access_token);
  assert.deepEqual(Object.keys(claims).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub', 'typ']);
  assert.ok(Number.isInteger(data.expires_in) && data.expires_in === claims.exp - claims.iat, `${data.expires_in}`);
  assert.ok(Number.isInteger(claims.iat) && claims.iat <= after && claims.iat >= before - 1, `${before} ${claims.iat} ${after}`);
  assert.ok(Math.abs(Date.parse(headers.date) / 1000 - claims.iat) <= 2, headers.date);
  assert.deepEqual([claims.iss, claims.aud, claims.typ], [ISSUER, AUDIENCE, 'access']);
  assert.deepEqual(['sub', 'jti', 'sid'].map((name) => typeof claims[name]), ['string', 'string', 'string']);
  assert.equal(claims.sub, data.user.id);
  const header = decodeProtectedHeader(data.access_token);
  assert.deepEqual([header.alg, header.typ, typeof header.kid], [ALGORITHM, 'JWT', 'string']);
});

test('the keys say what they are for, to every page, and may be kept for a while', async () => {
  const { data, headers } = await http.get(KEYS, { headers: { Origin: 'https://elsewhere.example' } });
  assert.equal(data.keys.length, 1);
  const [key] = data.keys;
  assert.deepEqual([key.alg, key.use, key.kid], [ALGORITHM, 'sig', decodeProtectedHeader(await accessToken()).kid]);
  assert.deepEqual(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].filter((name) => name in key), [], 'nothing private');
  // Half of the time for which a key is announced: 5 minutes, but for these tests' `keys.announce`.
  assert.equal(headers['cache-control'], 'public, max-age=1');
  assert.equal(headers['access-control-allow-origin'], '*');
});

for (const [name, { verify }] of Object.entries(libraries)) {
  test(`${name} checks a token`, async () => {
    const token = await accessToken();
    assert.deepEqual(await verify(token), decodeJwt(token));
    await assert.rejects(verify(token, { issuer: 'https://other.example' }), /"iss"|issuer/);
    await assert.rejects(verify(token, { audience: 'restaurants' }), /"aud"|audience/);
  });

  test(`${name} and the server refuse what somebody else signed`, async () => {
    const token = await accessToken();
    const [{ ...jwk }] = (await http.get(KEYS)).data.keys;
    const pem = await exportSPKI(await importJWK(jwk, ALGORITHM, { extractable: true }));
    const other = ALGORITHM === 'ES256' ? 'RS256' : 'ES256';
    const hmac = (secret) => (text) => createHmac('sha256', secret).update(text).digest('base64url');
    for (const [case_, forgery, reason] of [
      ['another key', forged(token, {}, stranger(ALGORITHM)), /signature/],
      ['another key of another name', forged(token, { kid: 'stranger' }, stranger(ALGORITHM)), /no applicable key|secret or public key must be provided/],
      ['another algorithm', forged(token, { alg: other }, stranger(other)), /"alg"|invalid algorithm/],
      ['the public key as a secret', forged(token, { alg: 'HS256' }, hmac(pem)), /"alg"|secret or public key must be provided/],
      ['no signature', forged(token, { alg: 'none' }, () => ''), /"alg"|invalid algorithm/],
      ['a signature that is cut off', token.slice(0, -8), /signature/],
    ]) {
      await assert.rejects(verify(forgery), (error) => reason.test(error.message) || assert.fail(`${case_}: ${error.message}`));
      assert.equal(await status(forgery), 401, case_);
    }
    // It was not the test's own mistake.
    assert.ok(await verify(forged(token, {}, () => token.split('.')[2])));
  });
}

test('a new key takes over, and nobody who looks at the keys notices', async () => {
  const old = await accessToken();
  const { kid } = decodeProtectedHeader(old);
  for (const { verify } of Object.values(libraries)) await verify(old);
  const looked = Object.values(libraries).map((library) => library.fetched());
  await promisify(execFile)(process.env.COUNTERSIGN, ['keys', 'rotate', '--jwt']);

  const began = Date.now();
  const soon = (what) => assert.ok(Date.now() - began < PATIENCE, what);
  let token;
  do {
    soon('the new key never signs');
    await sleep(COOLDOWN);
    // Whoever kept the keys for as long as they may has the new one before it signs.
    const kept = (await http.get(KEYS)).data.keys.map((key) => key.kid);
    token = await accessToken();
    assert.ok(decodeProtectedHeader(token).kid === kid || kept.includes(decodeProtectedHeader(token).kid), 'signed before it was published');
  } while (decodeProtectedHeader(token).kid === kid);

  for (const [index, { verify, fetched }] of Object.values(libraries).entries()) {
    assert.deepEqual(await verify(token), decodeJwt(token));
    assert.deepEqual(await verify(old), decodeJwt(old));
    assert.ok(fetched() > looked[index], 'it looked again');
  }
  assert.deepEqual([await status(old), await status(token)], [200, 200]);
});

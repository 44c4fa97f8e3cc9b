/**
 * The Swagger UI of the server in Chromium: "Authorize" logs in to the hotel API by the password flow, and "Execute" brings the
 * token.
 *
 *     CHROMIUM=/usr/bin/chromium node swagger.mjs http://localhost:8000 /auth
 *
 * The server, and where the hotel API is mounted, with a user `ada` with the password `password`. Exit 0 if everything
 * went as it should.
 */

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { launch, person } from '../chromium.mjs';

const [SERVER, PREFIX] = process.argv.slice(2);

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

/** The page of somebody new, with all that the hotel API can do unfolded. */
async function documentation() {
  const page = await (await person(browser)).newPage();
  await page.goto(`${SERVER}/docs/`);
  await page.locator('#operations-hotel-hotel_show_user').waitFor();
  return page;
}

/** Fills in the password flow; the form, and the server's answer. */
async function authorize(page, password) {
  await page.locator('.auth-wrapper > .btn.authorize').click();
  const form = page.locator('.auth-container').filter({ hasText: 'hotel_password' });
  await form.locator('#oauth_username').fill('ada');
  await form.locator('#oauth_password').fill(password);
  const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
  await form.getByText('Authorize', { exact: true }).click();
  return [form, await answered];
}

/** Sends the request of an operation; status and body as the page shows them. */
async function execute(page) {
  const operation = page.locator('#operations-hotel-hotel_show_user');
  await operation.locator('.opblock-summary-control').click();
  await operation.locator('button.execute').click();
  const row = operation.locator('.live-responses-table tr.response').first();
  return [await row.locator('.response-col_status').innerText(), await row.locator('.response-col_description').innerText()];
}

test('who authorizes is logged in, and asks with the token', async () => {
  const page = await documentation();
  const [form, answer] = await authorize(page, 'password');
  assert.deepEqual([answer.url(), answer.status()], [`${SERVER}${PREFIX}/login`, 200]);
  await form.getByText('Logout', { exact: true }).waitFor();
  await page.locator('.close-modal').click();
  const asked = page.waitForRequest(`${SERVER}${PREFIX}/me`);
  const [status, body] = await execute(page);
  assert.match(status, /^200/);
  assert.match(body, /"role": "tourist"/);
  const { access_token } = await answer.json();
  assert.equal(await (await asked).headerValue('Authorization'), `Bearer ${access_token}`);
});

test('a wrong password is told where it was typed', async () => {
  const page = await documentation();
  const [form, answer] = await authorize(page, 'wrong');
  assert.equal(answer.status(), 400);
  const told = await form.locator('.errors').innerText();
  assert.match(told, /error: invalid_grant, description: The given identifier or password is wrong\./);
  await page.locator('.close-modal').click();
  assert.match((await execute(page))[0], /^401/);
});

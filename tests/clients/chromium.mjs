/**
 * Debian's Chromium without a window: a new profile each time, and no hosts but those of this machine, among them every
 * name below `example.test`.
 */

import { chromium } from 'playwright-core';

const PATIENCE = 30_000;
const HOSTS = 'MAP *.example.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1';

/** Starts it; the variable CHROMIUM says where it is, if not where Debian has it. */
export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    // Chromium's own sandbox refuses to be root, which a test in a container is.
    chromiumSandbox: false,
    args: [`--host-resolver-rules=${HOSTS}`],
    timeout: PATIENCE,
  });
}

/** A person's browser, with cookies of its own and bounded times. */
export async function person(browser) {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  return context;
}

/** Serves the folder `page`, with axios, at an origin of loopback, and asks what the page can do. */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const FILES = {
  '/': ['text/html', new URL('page/index.html', import.meta.url)],
  '/bootstrap.js': ['text/javascript', new URL('page/bootstrap.js', import.meta.url)],
  '/axios.js': ['text/javascript', new URL('../node_modules/axios/dist/axios.min.js', import.meta.url)],
};

/** Serves them at this origin, such as `http://localhost:3000`, until the returned server is closed. */
export async function serve(origin) {
  const server = createServer(async (request, response) => {
    const [type, file] = FILES[new URL(request.url, origin).pathname] ?? [];
    if (!file) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': type }).end(await readFile(file));
  });
  await new Promise((listening, failed) => {
    server.once('error', failed).listen(Number(new URL(origin).port), '127.0.0.1', listening);
  });
  return server;
}

/** A tab of this person with our page, from this origin, which asks this server. */
export async function tab(somebody, origin, server) {
  const page = await somebody.newPage();
  await page.goto(`${origin}/?server=${encodeURIComponent(server)}`);
  return page;
}

/** Status and body of what the page is answered; `options` are axios's. */
export async function ask(page, method, path, data, options) {
  return page.evaluate((request) => window.ask(...request), [method, path, data, options]);
}

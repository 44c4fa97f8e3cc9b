/** The mails that the server writes as files into a folder. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import PostalMime from 'postal-mime';

/** Waits for a mail to this address whose text has a link with `part` in it; the link of the newest. */
export async function linkTo(folder, address, part) {
  for (let tenths = 0; tenths < 100; tenths += 1) {
    const texts = await textsTo(folder, address);
    const links = texts.flatMap((text) => text.match(/https?:[^\s\])]+/g) ?? []).filter((link) => link.includes(part));
    if (links.length > 0) return links.at(-1);
    await sleep(100);
  }
  throw new Error(`no mail to ${address} with a link to ${part}`);
}

/** The texts of the mails to this address, oldest first: the names of the files begin with the time. */
async function textsTo(folder, address) {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith('.eml')).sort();
  const mails = await Promise.all(files.map(async (name) => PostalMime.parse(await readFile(join(folder, name)))));
  return mails.filter((mail) => mail.to.some((reader) => reader.address === address)).map((mail) => mail.text);
}

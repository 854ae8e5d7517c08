// What the banner costs a page, beside its peers: each on the same page, from the same server, in one run of Chromium at a
// quarter of its speed. The peers take turns within each round, so that noise hits all of them alike.

import puppeteer from 'puppeteer-core';
import { contenders } from './contenders.mjs';
import { probe } from './probe.mjs';
import { startSamtykke } from './samtykke.mjs';
import { startServer } from './server.mjs';
import { goals, table } from './table.mjs';
import { scriptMs } from './trace.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS || 20);
const SLOWER = 4;
const TAGS = 6;
const PATIENCE_MS = 30_000;

const server = await startServer(contenders);
const samtykke = await startSamtykke(server.origin);
server.forwardTo(samtykke.port);
const browser = await puppeteer.launch({
  executablePath: '/usr/bin/chromium',
  headless: true,
  defaultViewport: { width: 1280, height: 800 },
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // Nothing beyond this machine.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ],
});

try {
  const measured = new Map(contenders.map(({ name }) => [name, []]));
  // The first round fills caches and is not counted.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(round + turn) % contenders.length];
      const row = await visits(contender);
      if (round) measured.get(contender.name).push(row);
    }
    if (process.stderr.isTTY) process.stderr.write(`\r${round} of ${ROUNDS} rounds`);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  console.log(table(measured, ROUNDS));
  const { lines, fits } = goals(measured);
  console.log(lines.join('\n'));
  process.exitCode = fits ? 0 : 1;
} finally {
  await browser.close();
  await samtykke.stop();
  server.stop();
}

async function visits(contender) {
  const { cookies, refused, ...first } = await onFreshPage((page, context) => firstVisit(page, context, contender));
  const returning = await onFreshPage((page, context) => returnVisit(page, context, contender, cookies, TAGS));
  if (!refused) return { ...first, ...returning };
  const { script } = await onFreshPage((page, context) => returnVisit(page, context, contender, refused, 0));
  return { ...first, ...returning, scriptAfterNo: script };
}

/** A page with no cache, no cookies and as little speed as every other. */
async function onFreshPage(visit) {
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    page.on('pageerror', (error) => console.error(error));
    await page.emulateCPUThrottling(SLOWER);
    server.forget();
    return await visit(page, context);
  } finally {
    await context.close();
  }
}

async function firstVisit(page, context, { name, config, banner, accept, refuse }) {
  await page.evaluateOnNewDocument(probe, banner ?? []);
  await page.goto(`${server.origin}/${name}`);
  const read = () => page.evaluate(() => window.bench.read());
  if (banner) await page.waitForFunction(() => window.bench.visible > 0, { timeout: PATIENCE_MS });
  await server.quiet();
  const { bytes, requests } = server.loaded(config);
  const loaded = { firstBytes: bytes, firstRequests: requests };
  if (!banner) return { ...(await read()), ...loaded, cookies: [] };

  const button = await page.evaluateHandle((path) => window.bench.find(path), accept);
  const resting = (button) => window.bench.restingPlace(button);
  const place = await page.waitForFunction(resting, { timeout: PATIENCE_MS }, button);
  const { x, y } = await place.jsonValue();
  await page.mouse.click(x, y);
  await server.heard(TAGS, name);
  await server.quiet();
  const seen = { ...(await read()), ...loaded, cookies: await context.cookies() };
  if (!refuse) return seen;
  await page.evaluate(refuse);
  await server.quiet();
  return { ...seen, refused: await context.cookies() };
}

async function returnVisit(page, context, { name, config, banner }, cookies, tags) {
  if (cookies.length) await context.setCookie(...cookies);
  await page.tracing.start({ categories: ['-*', 'devtools.timeline', 'v8', 'v8.execute'] });
  await page.goto(`${server.origin}/${name}`);
  if (banner) await server.heard(tags, name);
  await server.quiet();
  const trace = JSON.parse(Buffer.from(await page.tracing.stop()).toString());
  const { bytes, requests } = server.loaded(config);
  return { returnBytes: bytes, returnRequests: requests, script: scriptMs(trace.traceEvents, server.origin, name) };
}

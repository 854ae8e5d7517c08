// Builds what the service embeds, and fails when a visitor would load too much.
// With --tests: bundles the unit tests for `node --test`.

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { brotliCompressSync } from 'node:zlib';
import { build, transform } from 'esbuild';
import * as sample from './sample.mjs';

const OUT = 'build/embed';
const GATE_BUDGET = 4000;
const ALL_BUDGET = 12000;

async function buildEmbedded() {
  await rm(OUT, { recursive: true, force: true });
  await mkdir(`${OUT}/texts`, { recursive: true });
  await bundle('gate', 'iife');
  await bundle('panel', 'esm');
  for (const file of await readdir('src/texts')) {
    if (file.endsWith('.json')) await writeFile(`${OUT}/texts/${file}`, JSON.stringify(await readJson(file)));
  }
  await weigh();
}

function bundle(name, format) {
  return build({
    entryPoints: [`src/${name}/main.ts`],
    outfile: `${OUT}/${name}.js`,
    format,
    bundle: true,
    minify: true,
    target: 'es2020',
    charset: 'utf8',
    plugins: [minifiedCss],
    logLevel: 'warning',
  });
}

async function buildTests() {
  await rm('build/tests', { recursive: true, force: true });
  await build({
    entryPoints: ['src/**/*.test.ts'],
    outdir: 'build/tests',
    outbase: 'src',
    format: 'esm',
    platform: 'node',
    bundle: true,
    logLevel: 'warning',
  });
}

/** Style sheets are imported as text. */
const minifiedCss = {
  name: 'minified css',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), { loader: 'css', minify: true, target: 'es2020' });
      return { contents: code.trim(), loader: 'text' };
    });
  },
};

async function weigh() {
  const gate = await readFile(`${OUT}/gate.js`, 'utf8');
  const parts = gate.split('__SAMTYKKE_CONFIG__');
  if (parts.length !== 2) throw new Error(`gate.js must name its configuration once, not ${parts.length - 1} times`);

  const loaded = {
    'gate.js, configured': parts.join(JSON.stringify(sample.config)),
    'panel.js': await readFile(`${OUT}/panel.js`, 'utf8'),
    'notice, nb': JSON.stringify(sample.notice('nb', await readJson('nb.json'))),
  };
  const rows = Object.entries(loaded).map(([name, text]) => ({
    name,
    raw: Buffer.byteLength(text),
    brotli: brotliCompressSync(text).length,
  }));
  const all = { name: 'all', raw: sum(rows, 'raw'), brotli: sum(rows, 'brotli') };
  for (const { name, raw, brotli } of [...rows, all]) {
    console.log(name.padEnd(20), String(raw).padStart(6), String(brotli).padStart(6));
  }
  if (rows[0].brotli > GATE_BUDGET) throw new Error(`the gate is over its ${GATE_BUDGET} bytes`);
  if (all.brotli > ALL_BUDGET) throw new Error(`the banner is over its ${ALL_BUDGET} bytes`);
}

function sum(rows, column) {
  return rows.reduce((total, row) => total + row[column], 0);
}

async function readJson(file) {
  return JSON.parse(await readFile(`src/texts/${file}`, 'utf8'));
}

process.chdir(import.meta.dirname);
await (process.argv.includes('--tests') ? buildTests() : buildEmbedded());

// Builds what the service embeds, and fails when a visitor would load too much.
// With --tests: bundles the unit tests for `node --test`.

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build, transform } from 'esbuild';
import { minify } from 'terser';
import * as sample from './sample.mjs';

const OUT = 'build/embed';
/** In bytes, compressed: what every page loads, and what the first one does. */
const GATE_BUDGET = 3000;
const ALL_BUDGET = 9000;
const TARGET = 'es2021';
/** What the gate and its modules call each other's things, and nobody else does: shorter on the way to the page. */
const SHARED = [
  'purposeOf',
  'releaseOne',
  'heldEmbed',
  'isMinor',
  'running',
  'nameOf',
  'shown',
  'ran',
  'stored',
  'chosenAt',
  'pending',
  'heeded',
  'permitted',
  'withoutCookies',
  'jar',
  'read',
  'update',
  'told',
  'control',
  'decide',
  'confirm',
  'permit',
  'held',
  'account',
];
const MANGLED = {
  mangleProps: new RegExp(`^(${SHARED.join('|')})$`),
  mangleCache: Object.fromEntries(SHARED.map((name, at) => [name, 'abcdefghijklmnopqrstuvwxyz'[at]])),
};

async function buildEmbedded() {
  await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT, { recursive: true });
  await bundle('gate', 'iife');
  await squeeze(`${OUT}/gate.js`);
  await bundle('settings', 'esm');
  await squeeze(`${OUT}/settings.js`, true);
  await bundle('declaration', 'esm');
  await squeeze(`${OUT}/declaration.js`, true);
  await bundle('panel', 'esm', {
    __SAMTYKKE_SETTINGS__: JSON.stringify(await hashOf('settings.js')),
    __SAMTYKKE_DECLARATION__: JSON.stringify(await hashOf('declaration.js')),
  });
  await squeeze(`${OUT}/panel.js`, true);
  await bundle('preview', 'esm');
  const kinds = await buildServices();
  await buildExtras();
  await bundle('report', 'esm', { __SAMTYKKE_VENDORS__: JSON.stringify(vendors(kinds)) });
  await buildTexts();
  await weigh();
}

function bundle(name, format, define = {}) {
  return build({
    entryPoints: [`src/${name}/main.ts`],
    outfile: `${OUT}/${name}.js`,
    format,
    bundle: true,
    minify: true,
    define,
    ...MANGLED,
    target: TARGET,
    charset: 'utf8',
    plugins: [minifiedCss],
    logLevel: 'warning',
  });
}

/** As the service names it: the first 64 bits of the SHA-256, in hex. */
async function hashOf(name) {
  return createHash('sha256')
    .update(await readFile(`${OUT}/${name}`))
    .digest('hex')
    .slice(0, 16);
}

/** A second minifier takes another fortieth off. */
async function squeeze(file, module = false) {
  const options = { ecma: 2020, module, toplevel: true, compress: { passes: 3, unsafe_arrows: true } };
  const { code } = await minify(await readFile(file, 'utf8'), options);
  // What is written strictly need not be run so.
  await writeFile(file, code.replace(/^"use strict";/, ''));
}

/** Writes of each of extras/ its start function, as an expression. */
async function buildExtras() {
  await mkdir(`${OUT}/extras`);
  for (const file of await readdir('src/extras')) {
    const [name] = file.split('.');
    const code = expression(await only('extras', name, '{ start as default }'));
    await writeFile(`${OUT}/extras/${name}.js`, code);
  }
}

/** What report mode knows of each kind. */
function vendors(kinds) {
  const all = Object.entries(kinds).map(([kind, { purpose, hosts, cookies }]) => {
    const own = cookies.filter(({ domain }) => !domain).map(({ name }) => name);
    return { kind, purpose, hosts, cookies: own };
  });
  return all.filter(({ hosts, cookies }) => hosts.length || cookies.length);
}

/**
 * Writes services.json, kind → its data and which code starts it, and of each code its start function alone, as an
 * expression.
 */
async function buildServices() {
  await mkdir(`${OUT}/services`);
  const kinds = {};
  for (const file of await readdir('src/services')) {
    const [name] = file.split('.');
    if (name === 'service' || file.includes('.test.')) continue;
    const module = await import(`data:text/javascript,${encodeURIComponent(await only('services', name, '*'))}`);
    const code = module.start && { by: name, asksKind: module.asksKind };
    for (const [kind, about] of Object.entries(module.kinds)) kinds[kind] = { ...about, ...code };
    if (code)
      await writeFile(`${OUT}/services/${name}.js`, expression(await only('services', name, '{ start as default }')));
  }
  await writeFile(`${OUT}/services.json`, JSON.stringify(kinds));
  return kinds;
}

/** Writes texts/<language>.json, and words/<language>.json of what Node knows of the language. */
async function buildTexts() {
  await mkdir(`${OUT}/texts`);
  await mkdir(`${OUT}/words`);
  const { wordsOf } = await import(`data:text/javascript,${encodeURIComponent(await only('texts', 'words', '*'))}`);
  for (const file of await readdir('src/texts')) {
    if (!/^[a-z]{2}(-\w+)?\.json$/.test(file)) continue;
    await writeFile(`${OUT}/texts/${file}`, JSON.stringify(await readJson(file)));
    await writeFile(`${OUT}/words/${file}`, JSON.stringify(wordsOf(file.replace('.json', ''))));
  }
}

/** What one file of a folder exports under these names, bundled and minified. */
async function only(folder, name, exported) {
  const { outputFiles } = await build({
    stdin: { contents: `export ${exported} from './${name}.ts'`, resolveDir: resolve('src', folder), loader: 'ts' },
    format: 'esm',
    bundle: true,
    minify: true,
    ...MANGLED,
    target: TARGET,
    charset: 'utf8',
    plugins: [minifiedCss],
    write: false,
    logLevel: 'warning',
  });
  return outputFiles[0].text.trim();
}

/** Turns a module that exports a function into an expression of that function. */
function expression(module) {
  const [, body, name] = /^(.*)export\{(\w+) as default\};$/s.exec(module);
  const bare = body.startsWith(`var ${name}=`) ? body.slice(`var ${name}=`.length).replace(/;$/, '') : '';
  const found = isFunction(bare) ? bare : `(()=>{${body}return ${name}})()`;
  if (!isFunction(found)) throw new Error(`not a function: ${found}`);
  return found;
}

function isFunction(code) {
  try {
    const values = new Function(`return [${code}]`)();
    return values.length === 1 && typeof values[0] === 'function';
  } catch {
    return false;
  }
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
      const { code } = await transform(await readFile(path, 'utf8'), { loader: 'css', minify: true, target: TARGET });
      return { contents: code.trim(), loader: 'text' };
    });
  },
};

async function weigh() {
  const gate = await readFile(`${OUT}/gate.js`, 'utf8');
  const parts = gate.split('__SAMTYKKE_CONFIG__');
  if (parts.length !== 2) throw new Error(`gate.js must name its configuration once, not ${parts.length - 1} times`);

  const kinds = JSON.parse(await readFile(`${OUT}/services.json`, 'utf8'));
  const codes = [...new Set(sample.services.map(({ kind }) => kinds[kind].by).filter(Boolean))];
  const read = (folder, names) => Promise.all(names.map((name) => readFile(`${OUT}/${folder}/${name}.js`, 'utf8')));
  const starts = await read('services', codes);
  const [sweep] = await read('extras', ['sweep']);
  const config = sample.configured(kinds, Object.fromEntries(codes.map((code, at) => [code, starts[at]])), sweep);
  const loaded = {
    'gate.js, configured': parts.join(config),
    'panel.js': await readFile(`${OUT}/panel.js`, 'utf8'),
  };
  // The question is heaviest in one language, and even there it is to be light enough.
  const languages = (await readdir(`${OUT}/texts`)).map((file) => file.replace('.json', ''));
  const asked = await Promise.all(
    languages.map(async (language) => {
      const text = JSON.stringify(sample.question(language, await readJson(`${language}.json`)));
      return [`question, ${language}`, text];
    }),
  );
  const [[name, text]] = asked.sort(([, one], [, other]) => weightOf(other).brotli - weightOf(one).brotli);
  loaded[name] = text;
  const rows = Object.entries(loaded).map(([name, text]) => ({ name, ...weightOf(text) }));
  const all = { name: 'all', raw: sum(rows, 'raw'), brotli: sum(rows, 'brotli') };
  const apart = [
    { name: '(gate.js, no site)', ...weightOf(gate) },
    { name: '(settings.js)', ...weightOf(await readFile(`${OUT}/settings.js`, 'utf8')) },
    { name: '(declaration.js)', ...weightOf(await readFile(`${OUT}/declaration.js`, 'utf8')) },
  ];
  for (const { name, raw, brotli } of [...rows, all, ...apart]) {
    console.log(name.padEnd(20), String(raw).padStart(6), String(brotli).padStart(6));
  }
  if (rows[0].brotli > GATE_BUDGET) throw new Error(`the gate is over its ${GATE_BUDGET} bytes`);
  if (all.brotli > ALL_BUDGET) throw new Error(`the banner is over its ${ALL_BUDGET} bytes`);
}

function weightOf(text) {
  return { raw: Buffer.byteLength(text), brotli: brotliCompressSync(text).length };
}

function sum(rows, column) {
  return rows.reduce((total, row) => total + row[column], 0);
}

async function readJson(file) {
  return JSON.parse(await readFile(`src/texts/${file}`, 'utf8'));
}

process.chdir(import.meta.dirname);
await (process.argv.includes('--tests') ? buildTests() : buildEmbedded());

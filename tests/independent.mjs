// Checks a receipt and its place in the ledger without a line of this project's code: the specifications, read once more, over
// another implementation of SHA-256 and Ed25519 (OpenSSL, as Node brings it).
//
//   node tests/independent.mjs FOLDER        prints one line for each thing that holds; the first that does not ends it with 1
//   node tests/independent.mjs --self-test   proves the check itself, on trees made by the definition and on every flipped bit
//
// FOLDER holds, as the service answers them:
//   receipt.json       { record, jws, capability, leaf? }
//   jwks.json          the keys that sign receipts (RFC 7517, RFC 8037)
//   key.txt            the keys that sign the ledger, one a line: ORIGIN+KEYID+BASE64 (C2SP signed-note)
//   proof.tlog-proof   the receipt's leaf, its inclusion and a checkpoint (C2SP tlog-proof)
// and, when they are there:
//   old-checkpoint.txt, consistency.json   an earlier checkpoint, and { from, to, proof } from it to the one above
//   tiles/             everything below /ledger/ that a tree of this size has (C2SP tlog-tiles)

import { createHash, createPublicKey, verify } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
export const leafHash = (entry) => sha256(Buffer.of(0), entry);
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

export function must(holds, sentence) {
  if (!holds) throw new Error(sentence);
}

/** Base64 in its one canonical spelling: what decodes alike but is written otherwise is refused. */
function decode(text, what, encoding = 'base64') {
  const bytes = Buffer.from(String(text), encoding);
  must(bytes.toString(encoding) === text, `${what} is not ${encoding}`);
  return bytes;
}

function hash(text, what) {
  const bytes = decode(text, what);
  must(bytes.length === 32, `${what} is not 32 bytes long`);
  return bytes;
}

function whole(text, what) {
  must(/^(0|[1-9][0-9]*)$/.test(text) && Number.isSafeInteger(Number(text)), `${what} is not a number: ${text}`);
  return Number(text);
}

function utf8(bytes, what) {
  const text = bytes.toString('utf8');
  must(Buffer.from(text).equals(bytes), `${what} is not UTF-8`);
  return text;
}

/** RFC 8785: no white space, members in the order of their UTF-16 units, strings and numbers as ECMAScript writes them. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}

const ed25519 = (raw) =>
  createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') } });

// Receipts: RFC 7515, RFC 7638, RFC 8037.

/** The JWK set as thumbprint → key; every key stands under its own thumbprint. */
function keySet(text) {
  const keys = JSON.parse(text).keys.map(({ kty, crv, x, kid }) => {
    must(kty === 'OKP' && crv === 'Ed25519', `the key ${kid} is not an Ed25519 key`);
    const raw = decode(x, `the key ${kid}`, 'base64url');
    must(raw.length === 32, `the key ${kid} is not 32 bytes long`);
    const thumbprint = sha256(Buffer.from(JSON.stringify({ crv, kty, x }))).toString('base64url');
    must(kid === thumbprint, `the key ${kid} is not named by its thumbprint ${thumbprint}`);
    return [kid, raw];
  });
  return new Map(keys);
}

/** The bytes that a compact JWS signs, once its header and its signature hold. */
function payload(jws, keys) {
  const parts = String(jws).split('.');
  must(parts.length === 3, 'the JWS does not have three parts');
  const [head, body, signature] = parts.map((part, i) => decode(part, `part ${i + 1} of the JWS`, 'base64url'));
  const header = JSON.parse(utf8(head, 'the header of the JWS'));
  must(Object.keys(header).sort().join() === 'alg,kid,typ', `the JWS has other headers: ${Object.keys(header)}`);
  must(header.alg === 'EdDSA' && header.typ === 'samtykke-receipt+jws', `the JWS is something else: ${head}`);
  const key = keys.get(header.kid);
  must(key, `the key ${header.kid} is not published`);
  const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
  must(verify(null, signed, ed25519(key), signature), 'the signature of the receipt does not hold');
  return { body, kid: header.kid };
}

// Checkpoints: C2SP signed-note, tlog-checkpoint, tlog-proof.

function verifierKeys(text) {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(line) ?? [];
    must(name, `this is no verifier key: ${line}`);
    const typed = decode(encoded, `the verifier key ${name}`);
    must(typed.length === 33 && typed[0] === 1, `the verifier key ${name} is not an Ed25519 key`);
    const own = sha256(Buffer.from(`${name}\n`), typed)
      .subarray(0, 4)
      .toString('hex');
    must(id === own, `the verifier key ${name} says ${id} and is ${own}`);
    return [{ name, id, raw: typed.subarray(1) }];
  });
}

/** A checkpoint that one of these keys has signed, and none of them wrongly. */
function checkpoint(text, keys, what) {
  const at = text.lastIndexOf('\n\n');
  must(at > 0 && text.endsWith('\n'), `${what} is no signed note`);
  const [signed, signatures] = [text.slice(0, at + 1), text.slice(at + 2, -1).split('\n')];
  const [origin, size, root, ...extensions] = signed.slice(0, -1).split('\n');
  must(origin && size && root && extensions.every((line) => line !== ''), `${what} is no checkpoint`);
  let holding = 0;
  for (const line of signatures) {
    const [, name, encoded] = /^— ([^+\s]+) (\S+)$/.exec(line) ?? [];
    must(name, `${what} has a line that is no signature: ${line}`);
    const bytes = decode(encoded, `a signature of ${what}`);
    const id = bytes.subarray(0, 4).toString('hex');
    const key = keys.find((key) => key.name === name && key.id === id);
    if (!key || name !== origin) continue;
    must(verify(null, Buffer.from(signed), ed25519(key.raw), bytes.subarray(4)), `the signature of ${what} is wrong`);
    holding += 1;
  }
  must(holding > 0, `${what} is not signed by a key of key.txt`);
  return { origin, size: whole(size, `the size in ${what}`), root: hash(root, `the root in ${what}`) };
}

function readProof(text) {
  const end = text.indexOf('\n\n');
  must(end > 0, 'the proof has no checkpoint');
  const lines = text.slice(0, end).split('\n');
  must(lines.shift() === 'c2sp.org/tlog-proof@v1', 'the proof is no c2sp.org/tlog-proof@v1');
  if (lines[0]?.startsWith('extra ')) decode(lines.shift().slice(6), 'the extra data');
  const index = /^index (.*)$/.exec(lines.shift() ?? '')?.[1];
  must(index !== undefined, 'the proof has no index');
  return {
    index: whole(index, 'the index'),
    path: lines.map((line) => hash(line, 'a hash of the proof')),
    note: text.slice(end + 2),
  };
}

// The tree: RFC 9162, 2.1.3.2 and 2.1.4.2. Numbers stay below 2^53, so they are halved instead of shifted.

const odd = (n) => n % 2 === 1;
const half = (n) => Math.floor(n / 2);

export function included(leaf, index, size, path, root) {
  if (index >= size) return false;
  let [fn, sn, r] = [index, size - 1, leaf];
  for (const p of path) {
    if (sn === 0) return false;
    if (odd(fn) || fn === sn) {
      r = nodeHash(p, r);
      while (!odd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      r = nodeHash(r, p);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && r.equals(root);
}

export function consistent(first, firstRoot, second, secondRoot, proof) {
  if (first > second) return false;
  if (first === second) return proof.length === 0 && firstRoot.equals(secondRoot);
  // The empty tree begins every tree; it has one root.
  if (first === 0) return proof.length === 0 && firstRoot.equals(sha256());
  if (proof.length === 0) return false;
  const path = Number.isInteger(Math.log2(first)) ? [firstRoot, ...proof] : proof;
  let [fn, sn] = [first - 1, second - 1];
  while (odd(fn)) [fn, sn] = [half(fn), half(sn)];
  let [fr, sr] = [path[0], path[0]];
  for (const c of path.slice(1)) {
    if (sn === 0) return false;
    if (odd(fn) || fn === sn) {
      [fr, sr] = [nodeHash(c, fr), nodeHash(c, sr)];
      while (!odd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      sr = nodeHash(sr, c);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && fr.equals(firstRoot) && sr.equals(secondRoot);
}

/** MTH of RFC 6962, 2.1, over hashes of leaves. */
export function treeHash(leaves) {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0];
  const k = split(leaves.length);
  return nodeHash(treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)));
}

/** The largest power of two below n. */
export function split(n) {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

// Tiles: C2SP tlog-tiles.

/** What a tree of this size has below tiles/tile/LEVEL: name and width of each. */
function tiles(level, hashes) {
  return Array.from({ length: Math.ceil(hashes / 256) }, (_, n) => {
    const digits = String(n).padStart(Math.ceil(String(n).length / 3) * 3, '0');
    const parts = digits.match(/.../g).map((part, i, all) => (i + 1 < all.length ? `x${part}` : part));
    const width = Math.min(256, hashes - n * 256);
    return { name: `tiles/tile/${level}/${parts.join('/')}${width < 256 ? `.p/${width}` : ''}`, width };
  });
}

function entriesOf(bundle, width, name) {
  must(bundle.length === width * 34, `${name} does not hold ${width} entries of 32 bytes`);
  return Array.from({ length: width }, (_, i) => {
    must(bundle.readUInt16BE(i * 34) === 32, `${name}: entry ${i} is not 32 bytes long`);
    return bundle.subarray(i * 34 + 2, i * 34 + 34);
  });
}

function checkTiles(file, { size, root }, index, entry) {
  const entries = tiles('entries', size).flatMap(({ name, width }) => entriesOf(file(name), width, name));
  must(entries[index].equals(entry), `entry ${index} of the ledger is not the receipt's`);
  const leaves = entries.map(leafHash);
  let count = 0;
  for (let level = 0, span = 1; size >= span; level += 1, span *= 256) {
    const hashes = Array.from({ length: Math.floor(size / span) }, (_, i) =>
      treeHash(leaves.slice(i * span, (i + 1) * span)),
    );
    for (const { name, width } of tiles(level, hashes.length)) {
      must(
        file(name).equals(Buffer.concat(hashes.splice(0, width))),
        `${name} does not hold the hashes of its entries`,
      );
      count += 1;
    }
  }
  must(treeHash(leaves).equals(root), 'the tiles do not come to the root of the checkpoint');
  return count;
}

/** Everything that can be checked in a folder, given as name → bytes. */
export function check(files, say) {
  const file = (name) => {
    must(files.has(name), `${name} is missing`);
    return files.get(name);
  };
  const text = (name) => utf8(file(name), name);

  const keys = keySet(text('jwks.json'));
  say(`jwks.json: ${keys.size} keys, each named by its thumbprint`);
  const receipt = JSON.parse(text('receipt.json'));
  const { body, kid } = payload(receipt.jws, keys);
  say(`the receipt is signed by ${kid}`);
  must(
    canonical(receipt.record) === utf8(body, 'the payload'),
    'the signed payload is not the record in canonical form',
  );
  say('what is signed is the record in canonical JSON, byte for byte');

  const logKeys = verifierKeys(text('key.txt'));
  const { index, path, note } = readProof(text('proof.tlog-proof'));
  const now = checkpoint(note, logKeys, 'the checkpoint');
  say(`the checkpoint of ${now.origin} at size ${now.size} is signed`);
  const entry = sha256(body);
  must(receipt.leaf === undefined || receipt.leaf === index, `the receipt is leaf ${receipt.leaf}, the proof ${index}`);
  must(
    included(leafHash(entry), index, now.size, path, now.root),
    `the receipt is not leaf ${index} of the checkpoint`,
  );
  say(`the receipt is leaf ${index} of it`);

  if (files.has('consistency.json') || files.has('old-checkpoint.txt')) {
    const old = checkpoint(text('old-checkpoint.txt'), logKeys, 'the old checkpoint');
    const { from, to, proof } = JSON.parse(text('consistency.json'));
    must(old.origin === now.origin, 'the two checkpoints are of different ledgers');
    must(
      from === old.size && to === now.size,
      `the consistency proof is from ${from} to ${to}, and not between the two`,
    );
    const hashes = proof.map((one) => hash(one, 'a hash of the consistency proof'));
    must(
      consistent(from, old.root, to, now.root, hashes),
      `the ledger at ${to} does not begin with the one at ${from}`,
    );
    say(`the ledger at ${to} begins with the one at ${from}`);
  }
  if ([...files.keys()].some((name) => name.startsWith('tiles/'))) {
    const count = checkTiles(file, now, index, entry);
    say(`${count} tiles hold the hashes of the ${now.size} entries and come to the same root`);
  }
}

function folder(path) {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.path, entry.name));
  return new Map(paths.map((file) => [relative(path, file), readFileSync(file)]));
}

async function main(wanted) {
  must(wanted !== undefined, 'say which folder, or --self-test');
  if (wanted !== '--self-test') return check(folder(wanted), console.log);
  const { selfTest } = await import('./independent-self-test.mjs');
  return selfTest(console.log);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv[2]).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}

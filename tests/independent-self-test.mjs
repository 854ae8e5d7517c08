// The independent check, checked: on trees whose proofs are made by the definition, on the vectors of RFC 6962's own
// implementation, and on a ledger of which every bit is flipped.

import { generateKeyPairSync, sign } from 'node:crypto';
import { check, consistent, included, leafHash, must, sha256, split, treeHash } from './independent.mjs';

/** RFC 6962, 2.1.1, by its definition. */
function pathTo(m, leaves) {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m < k ? [...pathTo(m, left), treeHash(right)] : [...pathTo(m - k, right), treeHash(left)];
}

/** RFC 6962, 2.1.2, by its definition. */
function proofFrom(m, leaves, known = true) {
  if (m === leaves.length) return known ? [] : [treeHash(leaves)];
  const k = split(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m <= k ? [...proofFrom(m, left, known), treeHash(right)] : [...proofFrom(m - k, right, false), treeHash(left)];
}

/** A signature on the checkpoints by a key that nobody knows. */
const STRANGER = 'witness.example AAAAAAAA';

const flipped = (bytes, bit) => {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] ^= 1 << (bit & 7);
  return copy;
};

/** No list of hashes but the right one holds: neither with a flipped bit, nor one longer, nor one shorter. */
function refusesOthers(hashes, bits, holds, what) {
  must(holds(hashes), `${what} was refused`);
  for (const [i, hash] of hashes.entries()) {
    for (const bit of bits(i)) must(!holds(hashes.with(i, flipped(hash, bit))), `${what} held with a wrong bit`);
  }
  must(!holds([...hashes, sha256()]) && !holds([sha256(), ...hashes]), `${what} held with a hash too many`);
  if (hashes.length > 0) must(!holds(hashes.slice(1)) && !holds(hashes.slice(0, -1)), `${what} held without a hash`);
}

function selfTestTrees() {
  const known = '|00|10|2021|3031|40414243|5051525354555657|606162636465666768696a6b6c6d6e6f'
    .split('|')
    .map((hex) => leafHash(Buffer.from(hex, 'hex')));
  const roots = `e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
    fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
    aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
    d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
    4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
    76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
    ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
    5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328`.split(/\s+/);
  for (const [size, root] of roots.entries()) {
    must(treeHash(known.slice(0, size)).toString('hex') === root, `the known tree of size ${size} has another root`);
  }
  const leaves = Array.from({ length: 130 }, (_, i) => leafHash(Buffer.from(`leaf ${i}`)));
  let proofs = 0;
  for (let size = 1; size <= leaves.length; size += 1) {
    const tree = leaves.slice(0, size);
    const root = treeHash(tree);
    // Every bit in small trees; in large ones a bit of every hash, each time another.
    const bits = (i) => (size <= 9 ? Array(256).keys() : [(size * 7 + i * 31) % 256]);
    for (let m = 0; m < size; m += 1) {
      const [leaf, path] = [tree[m], pathTo(m, tree)];
      const what = `leaf ${m} of ${size}`;
      refusesOthers([leaf, root, ...path], bits, ([l, r, ...p]) => r && included(l, m, size, p, r), what);
      must(!included(leaf, m ^ 1, size, path, root) || size === 1, `${what} held in another place`);
      must(!included(leaf, size, size, path, root), `${what} held past the end`);
      const old = treeHash(tree.slice(0, m));
      const proof = m === 0 ? [] : proofFrom(m, tree);
      const holds = ([o, r, ...p]) => r && consistent(m, o, size, r, p);
      if (m > 0) refusesOthers([old, root, ...proof], bits, holds, `${m} to ${size}`);
      else must(holds([old, root]) && !holds([leaf, root]), 'the empty tree begins every tree');
      must(!consistent(size, root, m, old, proof), 'a ledger held that had shrunk');
      proofs += 2;
    }
    must(consistent(size, root, size, root, []) && !consistent(size, root, size, sha256(root), []), 'the same tree');
  }
  return proofs;
}

/** A ledger of 300 entries and all that a folder may hold of it, made here. */
function sample() {
  const pair = () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    return { raw: Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url'), privateKey };
  };
  const [signer, log] = [pair(), pair()];
  const x = signer.raw.toString('base64url');
  const kid = sha256(Buffer.from(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`)).toString('base64url');
  const record = { visitor: 'ø', id: '\u20ac\n', choice: { b: 'denied', a: 'granted' }, at: 1e21, signals: [] };
  const payload = '{"at":1e+21,"choice":{"a":"granted","b":"denied"},"id":"€\\n","signals":[],"visitor":"ø"}';
  const parts = [`{"alg":"EdDSA","kid":"${kid}","typ":"samtykke-receipt+jws"}`, payload];
  const input = parts.map((part) => Buffer.from(part).toString('base64url')).join('.');
  const jws = `${input}.${sign(null, Buffer.from(input), signer.privateKey).toString('base64url')}`;

  const origin = 'consent.example/ledger';
  const typed = Buffer.concat([Buffer.of(1), log.raw]);
  const id = sha256(Buffer.from(`${origin}\n`), typed).subarray(0, 4);
  const entries = Array.from({ length: 300 }, (_, i) => sha256(Buffer.from(i === 270 ? payload : `other ${i}`)));
  const leaves = entries.map(leafHash);
  const note = (size) => {
    const body = `${origin}\n${size}\n${treeHash(leaves.slice(0, size)).toString('base64')}\n`;
    const signature = Buffer.concat([id, sign(null, Buffer.from(body), log.privateKey)]).toString('base64');
    return `${body}\n— ${STRANGER}\n— ${origin} ${signature}\n`;
  };
  const lines = pathTo(270, leaves).map((one) => `${one.toString('base64')}\n`);
  const bundle = (list) => Buffer.concat(list.flatMap((entry) => [Buffer.of(0, 32), entry]));
  const files = {
    'receipt.json': JSON.stringify({ record, jws, capability: 'x', leaf: 270 }),
    'jwks.json': JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' }] }),
    'key.txt': `${origin}+${id.toString('hex')}+${typed.toString('base64')}\n`,
    'proof.tlog-proof': `c2sp.org/tlog-proof@v1\nindex 270\n${lines.join('')}\n${note(300)}`,
    'old-checkpoint.txt': note(201),
    'consistency.json': JSON.stringify({
      from: 201,
      to: 300,
      proof: proofFrom(201, leaves).map((one) => one.toString('base64')),
    }),
    'tiles/tile/entries/000': bundle(entries.slice(0, 256)),
    'tiles/tile/entries/001.p/44': bundle(entries.slice(256)),
    'tiles/tile/0/000': Buffer.concat(leaves.slice(0, 256)),
    'tiles/tile/0/001.p/44': Buffer.concat(leaves.slice(256)),
    'tiles/tile/1/000.p/1': treeHash(leaves.slice(0, 256)),
  };
  return new Map(Object.entries(files).map(([name, content]) => [name, Buffer.from(content)]));
}

const said = (files) => {
  const lines = [];
  check(files, (line) => lines.push(line));
  return lines;
};

function refuses(files, name, content, what) {
  let holds = true;
  try {
    said(new Map(files).set(name, Buffer.from(content)));
  } catch {
    holds = false;
  }
  must(!holds, `${name} held with ${what}`);
}

/** Flips every bit of a file, or one in `step`, but for those of the stranger's signature, which is not this check's to know. */
function refusesEveryBit(files, name, step = 1) {
  const content = files.get(name);
  const from = content.indexOf(STRANGER);
  const stranger = (bit) => from >= 0 && bit >= from * 8 && bit < (from + STRANGER.length) * 8;
  let bits = 0;
  for (let bit = 0; bit < content.length * 8; bit += step) {
    if (stranger(bit)) continue;
    refuses(files, name, flipped(content, bit), `bit ${bit} flipped`);
    bits += 1;
  }
  return bits;
}

function selfTestFolder() {
  const files = sample();
  must(said(files).length === 7, 'a good folder was not checked whole');
  const few = new Map([...files].filter(([name]) => !name.startsWith('tiles/')));
  must(said(few).length === 6, 'a folder without tiles was not checked');
  let bits = 0;
  for (const name of ['key.txt', 'proof.tlog-proof', 'old-checkpoint.txt', 'consistency.json']) {
    bits += refusesEveryBit(few, name);
  }
  for (const name of [...files.keys()].filter((name) => name.startsWith('tiles/'))) {
    bits += refusesEveryBit(files, name, Math.max(1, Math.floor(files.get(name).length / 8) | 1));
    const without = new Map(files);
    without.delete(name);
    refuses(without, 'another', '', `${name} missing`);
  }

  const receipt = JSON.parse(few.get('receipt.json'));
  const changed = (change, what) => refuses(few, 'receipt.json', JSON.stringify({ ...receipt, ...change }), what);
  for (let bit = 0; bit < receipt.jws.length * 8; bit += 1) {
    changed({ jws: flipped(Buffer.from(receipt.jws), bit).toString('latin1') }, `bit ${bit} of the JWS flipped`);
    bits += 1;
  }
  for (const name of Object.keys(receipt.record)) {
    changed({ record: { ...receipt.record, [name]: 'else' } }, `another ${name}`);
  }
  changed({ record: { ...receipt.record, more: 1 } }, 'more in the record');
  changed({ leaf: 271 }, 'another leaf');
  const [key] = JSON.parse(few.get('jwks.json')).keys;
  for (const change of [{ kid: `${key.kid.slice(1)}A` }, { x: sha256().toString('base64url') }, { crv: 'X25519' }]) {
    refuses(few, 'jwks.json', JSON.stringify({ keys: [{ ...key, ...change }] }), 'another key');
  }
  refuses(few, 'jwks.json', JSON.stringify({ keys: [key, { ...key, kid: 'own' }] }), 'a key under another name');
  const line = few.get('key.txt').toString();
  refuses(few, 'key.txt', line + line.replace(/\+[0-9a-f]{8}\+/, '+00000000+'), 'a key with another id');
  return bits;
}

export function selfTest(say) {
  say(`${selfTestTrees()} proofs hold, and none of them with a bit changed`);
  say(`a good folder holds, and not with one of ${selfTestFolder()} bits flipped`);
}

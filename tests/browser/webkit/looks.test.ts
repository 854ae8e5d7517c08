// Accessible to everybody in WebKit too, while the banner asks and in its settings.

import assert from 'node:assert/strict';
import { webkit } from './webkit.js';

const test = webkit();

for (const path of ['/', '/en']) {
  test(`axe finds nothing on ${path} while the banner asks, and in its settings`, async (visitor) => {
    await visitor.visit(path);
    await visitor.shown(visitor.first);
    assert.deepEqual(await visitor.violations(), []);
    await visitor.choose();
    await visitor.toggle('analytics');
    assert.deepEqual(await visitor.violations(), []);
  });
}

import { expect, test } from 'vitest';
import { findEagerSources } from '../../../scripts/bundle-graph.mjs';

const inputs = {
  'src/bin/a.ts': { imports: [{ path: 'src/launch/b.ts', kind: 'import-statement' }] },
  'src/launch/b.ts': {
    imports: [
      { path: 'src/launch/c.ts', kind: 'dynamic-import' },
      { path: 'src/relay/names.ts', kind: 'import-statement' },
    ],
  },
  'src/launch/c.ts': { imports: [{ path: 'src/relay/relay.ts', kind: 'import-statement' }] },
  'src/relay/names.ts': { imports: [] },
};

test('a file that is to be loaded late is found where it is loaded at start, and not behind a dynamic import', () => {
  expect(findEagerSources({ inputs }, ['src/bin/a.ts'], ['src/relay/'])).toEqual([
    'src/relay/names.ts is loaded at start; import it lazily',
  ]);
});

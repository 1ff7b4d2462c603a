import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const UNDER_LAUNCH = [
  ...['session', 'handoff', 'registry', 'codex', 'accounts', 'overlay'],
  ...['relay', 'pty', 'terminal', 'observe', 'state'],
];

/** What each layer may import from (itself, what is FOR_ALL always): imports point down only. */
const BELOW: Record<string, string[]> = {
  bin: ['cli', 'launch', 'codex', 'state'],
  cli: [...UNDER_LAUNCH, 'launch'],
  launch: UNDER_LAUNCH,
  session: ['handoff', 'relay', 'codex', 'accounts', 'pty', 'terminal', 'observe', 'state'],
  handoff: ['codex', 'accounts', 'overlay', 'state'],
  registry: ['codex', 'accounts', 'state'],
  overlay: ['codex', 'accounts', 'state'],
  accounts: ['codex', 'state'],
  relay: ['codex'],
  codex: [],
  pty: [],
  terminal: [],
  observe: [],
  state: [],
};

/** Who may import these packages at all, and who must do so lazily. */
const AT_HOME: Record<string, string> = {
  'node-pty': 'pty',
  'strip-ansi': 'observe',
  commander: 'cli',
  '@clack/prompts': 'cli',
};
const LAZY = ['conf', 'chokidar', 'smol-toml', '@clack/prompts'];

/** They know of nothing. */
const FOR_ALL = [
  ...[
    'src/errors.ts',
    'src/local-time.ts',
    'src/plain-text.ts',
    'src/regular-file.ts',
    'src/shell-word.ts',
  ],
];

const root = new URL('../../', import.meta.url);
const files = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.includes('/') && file.endsWith('.ts'))
  .map((file) => `src/${file}`);
const imports = files.flatMap((file) => {
  const source = readFileSync(new URL(file, root), 'utf8');
  const statics = [...source.matchAll(/^(?:import|export)\s(?:[^;'"]*?\sfrom\s)?'([^']+)'/gm)];
  const dynamics = [...source.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)];
  const typeOnly = (text: string) => /^(?:import|export)\s+type\s/.test(text);
  return [
    ...statics.map(([text, to]) => ({ file, to: to as string, lazy: typeOnly(text) })),
    ...dynamics.map(([, to]) => ({ file, to: to as string, lazy: true })),
  ];
});
const layerOf = (path: string) => path.split('/')[1] as string;

test('imports point down only', () => {
  expect(files.length).toBeGreaterThan(5);
  const wrong = imports
    .filter(({ to }) => to.startsWith('.'))
    .map(({ file, to }) => ({
      file,
      to: new URL(to, new URL(file, root)).pathname.slice(root.pathname.length),
    }))
    .filter(({ file, to }) => !FOR_ALL.includes(to) && layerOf(to) !== layerOf(file))
    .filter(({ file, to }) => !BELOW[layerOf(file)]?.includes(layerOf(to)));
  expect(wrong).toEqual([]);
});

test('packages stay where they belong, and heavy ones are loaded lazily', () => {
  const wrong = imports.filter(
    ({ file, to, lazy }) =>
      (AT_HOME[to] !== undefined && AT_HOME[to] !== layerOf(file)) || (LAZY.includes(to) && !lazy),
  );
  expect(wrong).toEqual([]);
});

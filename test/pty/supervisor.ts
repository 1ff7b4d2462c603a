import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const FIXTURES = fileURLToPath(new URL('../fixtures/bin/', import.meta.url));
export const MONITOR = fileURLToPath(new URL('../../shim/monitor', import.meta.url));
const RELAY = fileURLToPath(new URL('../../.cache/test/relay.mjs', import.meta.url));

export interface Command {
  file: string;
  args: string[];
  env: Record<string, string>;
}

/** Path of an executable in test/fixtures/bin. */
export function fixture(name: string): string {
  return FIXTURES + name;
}

/** The relay as one file: 256 starts through a TypeScript loader would take minutes. */
export function buildRelay(): void {
  buildSync({
    entryPoints: [fileURLToPath(new URL('relay.ts', import.meta.url))],
    outfile: RELAY,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['node-pty'],
  });
}

/**
 * The command line that runs a fixture supervised: by the relay, or by what SUPERVISOR names (words separated by
 * spaces; the fixture and its arguments are appended).
 */
export function supervised(name: string, args: string[] = []): Command {
  const words = process.env.SUPERVISOR?.split(' ') ?? [process.execPath, RELAY];
  const [file = '', ...first] = words;
  return { file, args: [...first, fixture(name), ...args], env: { RELAY_MONITOR: MONITOR } };
}

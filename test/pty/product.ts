import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Outer, openOuter } from './outer.ts';

const REPO = fileURLToPath(new URL('../../', import.meta.url));
const FIXTURES = join(REPO, 'test/fixtures/bin');
const SANDBOXES = join(REPO, '.cache/sandbox');

/** The built product in a HOME of its own, with a fixture program in the place of codex. */
export interface Product {
  /** `codex <args>` in a terminal, where codex is this fixture. */
  open(fixture: string, args?: string[], options?: { columns?: number; rows?: number }): Outer;
  /** The same as words for a shell. */
  words(fixture: string, args?: string[]): { words: string[]; env: Record<string, string> };
  dispose(): void;
}

export function openProduct(): Product {
  mkdirSync(SANDBOXES, { recursive: true });
  const home = mkdtempSync(join(SANDBOXES, 'pty '));
  const vault = join(home, '.codex-acc1');
  const config = join(home, '.config/codex-hotswap');
  for (const dir of [vault, config]) mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(vault, 'auth.json'), JSON.stringify({ OPENAI_API_KEY: 'made-up' }), {
    mode: 0o600,
  });
  writeFileSync(
    join(config, 'config.json'),
    JSON.stringify({ version: 1, targets: [{ name: 'acc1' }] }),
    { mode: 0o600 },
  );
  const base = {
    HOME: home,
    PATH: process.env.PATH ?? '',
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
  };
  const words: Product['words'] = (fixture, args = []) => ({
    words: [
      process.execPath,
      join(REPO, 'dist/bin/launch.js'),
      join(FIXTURES, 'codex-stand-in'),
      ...args,
    ],
    env: { ...base, STAND_IN: join(FIXTURES, fixture) },
  });
  return {
    words,
    open(fixture, args, options = {}) {
      const command = words(fixture, args);
      const [file = '', ...rest] = command.words;
      return openOuter({ file, args: rest, env: command.env, cwd: home, ...options });
    },
    dispose: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** Runs jobs a few at a time, in order; the results in the same order. */
export async function inParallel<T, R>(
  jobs: readonly T[],
  run: (job: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < jobs.length; index = next++) {
      results[index] = await run(jobs[index] as T);
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  return results;
}

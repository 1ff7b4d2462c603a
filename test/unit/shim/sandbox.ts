import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { USUAL_DIRS_IN_SHELL } from '../../../src/codex/usual-places.ts';
import { quoteForShell } from '../../../src/shell-word.ts';

export const SHIM_TEMPLATE = new URL('../../../shim/codex', import.meta.url);
/** Not the usual places of the machine: a developer's may have a codex. */
const USUAL_IN_HOME = USUAL_DIRS_IN_SHELL.split(' ')
  .filter((word) => word.startsWith('"$HOME"'))
  .join(' ');
const CACHE = new URL('../../../.cache/sandbox/', import.meta.url).pathname;

/** Prints who it is and its words, each ended by NUL. */
const REPORT = `#!/bin/sh
printf '%s\\0' NAME "$0" "$@"
`;

export interface Ran {
  status: number | null;
  stderr: string;
  /** 'codex', 'node' or whatever ran at the end; undefined when nothing did. */
  program: string | undefined;
  path: string | undefined;
  args: string[];
}

/** A home of its own with a PATH built from nothing: shim first, then a fake codex and a fake node. */
export function createSandbox(name = 'shim test') {
  mkdirSync(CACHE, { recursive: true });
  const root = mkdtempSync(join(CACHE, `${name} `)); // the space is meant: paths of users have them
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const path = (...parts: string[]) => join(root, ...parts);

  const write = (file: string, content: string, mode = 0o755) => {
    mkdirSync(dirname(path(file)), { recursive: true });
    writeFileSync(path(file), content);
    chmodSync(path(file), mode);
    return path(file);
  };
  const writeReporter = (file: string, program: string) =>
    write(file, REPORT.replace('NAME', program));

  const writeShim = (
    file: string,
    places: { node?: string; launch?: string; codex?: string } = {},
  ) =>
    write(
      file,
      readFileSync(SHIM_TEMPLATE, 'utf8')
        .replace('@NODE@', () => quoteForShell(places.node ?? path('node/bin/node')))
        .replace('@LAUNCH@', () => quoteForShell(places.launch ?? path('lib/launch.js')))
        .replace('@CODEX@', () => quoteForShell(places.codex ?? ''))
        .replace('@PLACES@', USUAL_IN_HOME),
    );

  const shim = writeShim('shim/codex');
  const real = writeReporter('real/codex', 'codex');
  writeReporter('node/bin/node', 'node');
  write('lib/launch.js', '', 0o644);

  const env: Record<string, string> = {
    HOME: path('home'),
    PATH: `${path('shim')}:${path('real')}`,
  };
  const run = (args: string[], options: { env?: Record<string, string>; file?: string } = {}) => {
    const { status, stdout, stderr } = spawnSync(options.file ?? shim, args, {
      env: { ...env, ...options.env },
      cwd: root,
      encoding: 'utf8',
    });
    const words = stdout.split('\0').slice(0, -1);
    const ran: Ran = { status, stderr, program: words[0], path: words[1], args: words.slice(2) };
    return ran;
  };
  return { root, path, shim, real, env, run, write, writeReporter, writeShim };
}

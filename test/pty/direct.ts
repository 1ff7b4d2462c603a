import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExitStatus, type PtyChild, type PtyCommand, spawnPty } from '../../src/pty/spawn.ts';
import { fixture, MONITOR } from './fixture.ts';

const scratch = mkdtempSync(join(tmpdir(), 'pty-'));
process.on('exit', () => rmSync(scratch, { recursive: true }));

/** The fifos are used by one child after the other, as in a slot; a child that still runs keeps its own. */
const idleSides: string[] = [];

/** Every shell that may be somebody's /bin/sh and is here. */
export const shells = findShells();

export interface Direct {
  child: PtyChild;
  ended: Promise<ExitStatus>;
  output(): string;
  bytes(): Buffer;
  /** Resolves when the output holds it. */
  waitFor(text: string): Promise<void>;
}

/** A fixture behind a pty of ours, without a terminal and without a supervisor process. */
export function spawnFixture(
  name: string,
  args: string[] = [],
  options: Partial<PtyCommand> = {},
): Direct {
  const side = idleSides.pop() ?? mkdtempSync(join(scratch, 'side-'));
  const child = spawnPty({
    file: name.startsWith('/') ? name : fixture(name),
    args,
    cwd: process.cwd(),
    env: process.env as Record<string, string>,
    size: { columns: 80, rows: 24 },
    monitor: MONITOR,
    side,
    ...options,
  });
  const chunks: Buffer[] = [];
  const waiting = new Set<() => void>();
  child.onOutput((chunk) => {
    chunks.push(Buffer.from(chunk));
    for (const check of waiting) check();
  });
  const bytes = () => Buffer.concat(chunks);
  const output = () => bytes().toString('latin1');
  return {
    child,
    ended: new Promise((resolve) =>
      child.onEnd((status) => {
        idleSides.push(side);
        resolve(status);
      }),
    ),
    output,
    bytes,
    waitFor: (text) =>
      new Promise((resolve) => {
        const check = () => {
          if (!output().includes(text)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}

/** True until the process is gone; a zombie is gone. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits for a fact that nobody announces. */
export async function until(holds: () => boolean, what: string, timeoutMs = 5000): Promise<void> {
  for (const deadline = performance.now() + timeoutMs; !holds(); ) {
    if (performance.now() > deadline) throw new Error(`${what}: not after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function findShells(): [string, string][] {
  const found: [string, string][] = [['sh', '/bin/sh']];
  for (const name of ['dash', 'bash']) {
    if (existsSync(`/bin/${name}`)) found.push([name, `/bin/${name}`]);
  }
  if (existsSync('/bin/bash')) {
    const bin = join(scratch, 'bin');
    mkdirSync(bin);
    symlinkSync('/bin/bash', join(bin, 'sh'));
    found.push(['bash as sh', join(bin, 'sh')]);
  }
  return found;
}

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findRunningLogin } from '../../../src/codex/running-login.ts';
import { makeScratchHome } from '../state/scratch-home.ts';

/** A process that calls itself `codex login`. */
function pretend(home: string, codexHome: string): number {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'login'), 'read line');
  const child = spawn('/bin/sh', ['login'], {
    argv0: 'codex',
    cwd: home,
    env: { CODEX_HOME: codexHome },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child.pid as number;
}

test.runIf(process.platform === 'linux')(
  'a login of ours in this home is found, one in another home and one of another user are not',
  async () => {
    const { home, sharedHome } = makeScratchHome();
    expect(findRunningLogin(sharedHome)).toBeUndefined();
    pretend(home, join(home, 'elsewhere'));
    expect(findRunningLogin(sharedHome)).toBeUndefined();
    const pid = pretend(home, sharedHome);
    expect(findRunningLogin(sharedHome)).toBe(pid);
    expect(findRunningLogin(sharedHome, (process.getuid?.() ?? 0) + 1)).toBeUndefined();
  },
);

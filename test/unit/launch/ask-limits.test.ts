import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { accountLock } from '../../../src/accounts/target-snapshot.ts';
import { askLimits } from '../../../src/launch/ask-limits.ts';
import { validateConfig } from '../../../src/state/config.ts';
import { tryLock } from '../../../src/state/lock.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

/** An app-server with one answer; notes beside itself that it ran, and whose login it was shown. */
const SERVER = `#!/bin/sh
cp "$CODEX_HOME/auth.json" "$(dirname "$0")/ran"
while read -r line; do
  case "$line" in
    *initialized*) ;;
    *initialize*) echo '{"id":0,"result":{}}' ;;
    *rateLimits*)
      echo '{"id":1,"result":{"rateLimits":{"primary":{"usedPercent":100,"windowDurationMins":300}}}}' ;;
  esac
done
`;

function makeOffice() {
  const paths = makeScratchHome();
  const file = join(paths.home, 'codex');
  writeFileSync(file, SERVER, { mode: 0o755 });
  const login = forgeAuth();
  mkdirSync(join(paths.home, '.codex-acc1'), { mode: 0o700 });
  writeFileSync(join(paths.home, '.codex-acc1/auth.json'), login, { mode: 0o600 });
  const config = validateConfig({ version: 1, targets: [{ name: 'acc1' }] }, paths);
  const asking = (timeoutMs: number) => ({
    paths,
    config,
    program: () => ({ file, env: { PATH: process.env.PATH } }),
    timeoutMs,
  });
  return { asking, login, ran: join(paths.home, 'ran'), lock: accountLock(paths, 'acc1') };
}

test('an account is asked with its lock held, and not while somebody refreshes its token', async () => {
  const { asking, login, ran, lock } = makeOffice();
  const keeper = tryLock(lock);
  await expect(askLimits(asking(50), 'acc1')).rejects.toThrow('is asking about acc1');
  expect(existsSync(ran)).toBe(false);

  const asked = askLimits(asking(20_000), 'acc1');
  keeper?.release();
  expect(await asked).toMatchObject({ windows: [{ usedPercent: 100, minutes: 300 }] });
  expect(readFileSync(ran, 'utf8')).toBe(login);
  expect(tryLock(lock)).toBeDefined(); // it was let go
});

test('who is no target is not asked', async () => {
  await expect(askLimits(makeOffice().asking(50), 'acc2')).rejects.toThrow('no account acc2');
});

import { spawn } from 'node:child_process';
import type { Stage } from './stage.ts';

/** In a terminal: opens the real Codex in it, through the shim, and waits until the user quits it. */
export async function playYourself({ box, onClose }: Stage): Promise<void> {
  console.log(
    [
      '',
      'acc1 has one turn left. In Codex:',
      '  1. type a prompt and press Enter: acc1 answers',
      '  2. type another one: acc1 is at its limit, and the conversation goes on under acc2',
      '  3. leave with /quit',
      '',
      '$ codex',
    ].join('\n'),
  );
  const codex = spawn('/usr/bin/env', ['codex'], { env: box.env, cwd: box.work, stdio: 'inherit' });
  const ended = new Promise<void>((resolve, reject) => {
    codex.once('error', reject);
    codex.once('exit', () => resolve());
  });
  onClose(async () => {
    codex.kill('SIGTERM'); // the supervisor ends Codex, too, and restores the terminal
    await ended.catch(() => {});
  });
  await ended;
}

// npm run demo: a conversation that goes on after a usage limit, with the real Codex. It needs no account and no internet: the
// ChatGPT backend is a made-up one on this machine. In a terminal you type yourself; otherwise the demo types and prints the
// screens. It removes all that it makes. The exit status is 0 only if the conversation went on under another account.
import { describeHandoff, findHandoff } from './demo/handoff.ts';
import { playAlone } from './demo/play-alone.ts';
import { playYourself } from './demo/play-yourself.ts';
import { openStage, type Stage } from './demo/stage.ts';

const isWatched = Boolean(process.stdin.isTTY && process.stdout.isTTY && process.env.TERM);
const ending: { signal?: NodeJS.Signals } = {};
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      ending.signal = signal;
      reject(new Error(`ended by ${signal}`));
    });
  }
});
interrupted.catch(() => {});
// A closed terminal or pipe must not keep us from cleaning up.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

process.exitCode = 1;
const opening = openStage(isWatched);
let stage: Stage | undefined;
try {
  stage = await Promise.race([opening, interrupted]);
  await Promise.race([show(stage), interrupted]);
} catch (error) {
  console.error(`\ndemo: ${error instanceof Error ? error.message : error}`);
} finally {
  await (stage ?? (await opening.catch(() => undefined)))?.close();
}
if (ending.signal !== undefined) process.kill(process.pid, ending.signal);

async function show(open: Stage): Promise<void> {
  await open.setUp();
  if (ending.signal !== undefined) return; // a session that starts now would outlive the clean-up
  const play = isWatched ? playYourself : playAlone;
  await play(open);
  if (ending.signal !== undefined) return;
  await open.type('codex-hotswap', 'status');
  await open.type('codex-hotswap', 'log');
  const handoff = findHandoff(open.backend.turns());
  console.log(`\n${describeHandoff(handoff)}`);
  process.exitCode = handoff === undefined ? 1 : 0;
}

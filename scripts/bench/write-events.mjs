// write-events.mjs COUNT [PAUSE_MS]: writes that many lines of `codex exec --json`, each in a write of its own, as Codex does.
// Each line has the time of its write: nanoseconds of the clock that all processes share.
import { writeSync } from 'node:fs';

const [count, pauseMs = 0] = process.argv.slice(2).map(Number);
const text = 'What the model says, or what a command has printed. '.repeat(8);
const wait = new Int32Array(new SharedArrayBuffer(4));

for (let number = 0; number < count; number += 1) {
  if (pauseMs > 0) Atomics.wait(wait, 0, 0, pauseMs);
  const line = `{"type":"item.completed","item":{"id":"item_${number}","type":"agent_message","at":${process.hrtime.bigint()},"text":"${text}"}}\n`;
  for (let rest = Buffer.from(line); rest.length > 0; ) rest = rest.subarray(writeSync(1, rest));
}

// json-server.mjs: in the place of `codex app-server`. Answers each request at once; `flood` writes so many notifications before its answer, each
// in a write of its own, as Codex does.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const ids = {
  threadId: '0190a000-0000-7000-8000-000000000001',
  turnId: '0190a000-0000-7000-8000-000000000002',
};
const params = { ...ids, itemId: 'msg_0190a00000007000', delta: 'some words of the answer ' };

/** One line, as often as an answer has deltas. */
export const NOTIFICATION = `${JSON.stringify({ method: 'item/agentMessage/delta', params, emittedAtMs: 1_795_787_730_194 })}\n`;

if (import.meta.filename === process.argv[1]) {
  const line = Buffer.from(NOTIFICATION);
  createInterface({ input: process.stdin }).on('line', (text) => {
    const { id, method, params: { count = 0 } = {} } = JSON.parse(text);
    if (method === 'flood') for (let left = count; left > 0; left -= 1) write(line);
    if (id !== undefined) write(Buffer.from(`{"id":${id},"result":{}}\n`));
  });
}

/** A full pipe that somebody has made non-blocking takes a part, or nothing yet. */
function write(bytes) {
  for (let rest = bytes; rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

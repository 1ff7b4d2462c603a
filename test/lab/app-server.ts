import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Sandbox } from './sandbox.ts';

/**
 * Starts `codex app-server` on stdio, asks one question, ends it (fact 93).
 * Returns the result; rejects with the server's error, or when it ends without an answer.
 */
export async function askAppServer(
  sandbox: Sandbox,
  method: string,
  params: unknown,
  env: Record<string, string> = {},
): Promise<unknown> {
  const server = spawn(join(sandbox.realBin, 'codex'), ['app-server'], {
    cwd: sandbox.work,
    env: { ...sandbox.env, ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const closed = once(server, 'close');
  const send = (message: object) => server.stdin.write(`${JSON.stringify(message)}\n`);
  const clientInfo = { name: 'lab', title: null, version: '1' };
  send({ id: 1, method: 'initialize', params: { clientInfo } });
  send({ method: 'initialized' });
  send({ id: 2, method, params });
  try {
    for await (const line of createInterface({ input: server.stdout })) {
      const message = JSON.parse(line) as { id?: number; result?: unknown; error?: unknown };
      if (message.id !== 2) continue;
      if (message.error !== undefined) throw new Error(JSON.stringify(message.error));
      return message.result;
    }
    throw new Error(`codex app-server ended without an answer to ${method}`);
  } finally {
    server.stdin.end();
    await closed;
  }
}

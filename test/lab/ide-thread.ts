import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Sandbox } from './sandbox.ts';

/**
 * Has one turn in a new thread as an editor would: over the stdio of `codex app-server`, in the shared home, without us.
 * @returns its id.
 */
export async function startIdeThread(sandbox: Sandbox, prompt: string): Promise<string> {
  const server = spawn(join(sandbox.realBin, 'codex'), ['app-server'], {
    cwd: sandbox.work,
    env: sandbox.env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const closed = once(server, 'close');
  const send = (message: object) => server.stdin.write(`${JSON.stringify(message)}\n`);
  const clientInfo = { name: 'editor', title: null, version: '1' };
  send({ id: 'initialize', method: 'initialize', params: { clientInfo } });
  let threadId: string | undefined;
  for await (const line of createInterface(server.stdout)) {
    const { id, method, result, error } = JSON.parse(line);
    if (error !== undefined) throw new Error(`${id}: ${error.message}`);
    if (id === 'initialize') {
      send({ method: 'initialized' });
      send({ id: 'thread', method: 'thread/start', params: { cwd: sandbox.work } });
    }
    if (id === 'thread') {
      threadId = result.thread.id;
      const input = [{ type: 'text', text: prompt }];
      send({ id: 'turn', method: 'turn/start', params: { threadId, input } });
    }
    if (method === 'turn/completed') server.stdin.end();
  }
  await closed;
  if (threadId === undefined) throw new Error('no thread');
  return threadId;
}

import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { MOST, readText } from './bounds.ts';
import { defined } from './json.ts';

/** Whose login a daemon works with; empty when it has none. */
export interface DaemonAccount {
  email?: string;
  userId?: string;
  accountId?: string;
}

/**
 * Asks the daemon of a Codex home which account it holds: over WebSocket on its control socket, some 15 ms (fact 99).
 * It keeps the login it was started with, whatever auth.json says now.
 * @returns undefined when there is no answer in time.
 */
export function askDaemon(
  codexHome: string,
  timeoutMs: number,
): Promise<DaemonAccount | undefined> {
  return new Promise((resolve) => {
    let socketPath: string;
    try {
      // Its own name may be too long for a socket's address, so Codex makes it a link.
      socketPath = realpathSync(join(codexHome, 'app-server-control', 'app-server-control.sock'));
    } catch {
      return resolve(undefined);
    }
    const asked = request({
      socketPath,
      path: '/',
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      },
    });
    const deadline = setTimeout(() => finish(undefined), timeoutMs);
    function finish(account: DaemonAccount | undefined): void {
      clearTimeout(deadline);
      asked.destroy();
      resolve(account);
    }
    asked.on('error', () => finish(undefined));
    asked.on('response', () => finish(undefined)); // no WebSocket
    asked.on('upgrade', (_, socket, head) => {
      const readMessages = createFrameReader((text) => {
        const account = readAnswer(text);
        if (account === undefined) return;
        socket.destroy();
        finish(account);
      });
      socket.on('error', () => finish(undefined));
      socket.on('close', () => finish(undefined));
      socket.on('data', readMessages);
      readMessages(head);
      for (const message of QUESTIONS) socket.write(frameOf(JSON.stringify(message)));
    });
    asked.end();
  });
}

const ASKED = 2;
const QUESTIONS = [
  {
    id: 1,
    method: 'initialize',
    params: { clientInfo: { name: 'codex-hotswap', title: null, version: '1' } },
  },
  { method: 'initialized' },
  { id: ASKED, method: 'account/read', params: { refreshToken: false } },
];

function readAnswer(text: string): DaemonAccount | undefined {
  let message: Record<string, unknown>;
  try {
    message = record(JSON.parse(text));
  } catch {
    return undefined;
  }
  if (message.id !== ASKED || 'method' in message) return undefined;
  const result = record(message.result);
  const { email } = record(result.account);
  const { chatgptAccountId } = record(result.workspaceRouting);
  return {
    ...defined({ email: readText(email, MOST.email) }),
    ...(typeof result.userId === 'string' ? { userId: result.userId } : {}),
    ...(typeof chatgptAccountId === 'string' ? { accountId: chatgptAccountId } : {}),
  };
}

/** A text of less than 64 KiB in one frame, masked, as a client must (RFC 6455, 5.2). */
function frameOf(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = randomBytes(4);
  const length = Buffer.alloc(payload.length < 126 ? 1 : 3);
  if (payload.length < 126) length[0] = 0x80 | payload.length;
  else length.writeUIntBE(((0x80 | 126) << 16) | payload.length, 0, 3);
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] as number));
  return Buffer.concat([Buffer.from([0x81]), length, mask, masked]);
}

/** Calls back with each whole text, in whatever pieces it comes. */
function createFrameReader(onText: (text: string) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  let parts: Buffer[] = [];
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      if (pending.length < 2) return;
      const short = (pending[1] as number) & 0x7f;
      const start = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (pending.length < start) return;
      const size =
        short === 127
          ? Number(pending.readBigUInt64BE(2))
          : short === 126
            ? pending.readUInt16BE(2)
            : short;
      if (pending.length < start + size) return;
      const first = pending[0] as number;
      const payload = pending.subarray(start, start + size);
      pending = pending.subarray(start + size);
      if ((first & 0x0f) > 2) continue; // ping, pong, close: it will hang up on us, or not
      parts.push(payload);
      if ((first & 0x80) === 0) continue;
      onText(Buffer.concat(parts).toString('utf8'));
      parts = [];
    }
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

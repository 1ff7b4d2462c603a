import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { INITIALIZE } from './app-server.ts';
import { MAX_LENGTH, readText } from './bounds.ts';
import { dropUndefined, parseJson, readObject } from './json.ts';

/** The account of the login that a daemon holds; empty when it holds none. */
export interface DaemonAccount {
  email?: string;
  userId?: string;
  accountId?: string;
}

/**
 * Asks the daemon of a Codex home which account it holds. A daemon keeps the login of its start, even when auth.json
 * has changed since. The question goes over WebSocket on its control socket and takes some 15 ms (fact 99).
 * @returns undefined when no answer comes in time.
 */
export function askDaemon(
  codexHome: string,
  timeoutMs: number,
): Promise<DaemonAccount | undefined> {
  return new Promise((resolve) => {
    let socketPath: string;
    try {
      // The name in the home may be too long for the address of a socket, so Codex makes it a link.
      socketPath = realpathSync(join(codexHome, 'app-server-control', 'app-server-control.sock'));
    } catch {
      return resolve(undefined);
    }
    const upgrade = request({
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
      upgrade.destroy();
      resolve(account);
    }
    upgrade.on('error', () => finish(undefined));
    upgrade.on('response', () => finish(undefined)); // the server speaks no WebSocket
    upgrade.on('upgrade', (_, socket, head) => {
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
      for (const message of MESSAGES) socket.write(encodeFrame(JSON.stringify(message)));
    });
    upgrade.end();
  });
}

const QUESTION_ID = 2;
const MESSAGES = [
  { id: 1, ...INITIALIZE },
  { method: 'initialized' },
  { id: QUESTION_ID, method: 'account/read', params: { refreshToken: false } },
];

function readAnswer(text: string): DaemonAccount | undefined {
  const message = readObject(parseJson(text));
  if (message?.id !== QUESTION_ID || 'method' in message) return undefined;
  const result = readObject(message.result);
  return dropUndefined({
    email: readText(readObject(result?.account)?.email, MAX_LENGTH.email),
    userId: readText(result?.userId, MAX_LENGTH.name),
    accountId: readText(readObject(result?.workspaceRouting)?.chatgptAccountId, MAX_LENGTH.name),
  });
}

/** One masked text frame, as a client must send it (RFC 6455, 5.2). @param text of less than 126 bytes. */
function encodeFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = randomBytes(4);
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] as number));
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, masked]);
}

/** Calls back with each whole message. A chunk may hold a part of a frame, or several frames. */
function createFrameReader(onText: (text: string) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  let parts: Buffer[] = [];
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      if (pending.length < 2) return;
      const [first, second] = pending as unknown as [number, number];
      const short = second & 0x7f;
      const start = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (pending.length < start) return;
      const size =
        start === 10
          ? Number(pending.readBigUInt64BE(2))
          : start === 4
            ? pending.readUInt16BE(2)
            : short;
      if (pending.length < start + size) return;
      const payload = pending.subarray(start, start + size);
      pending = pending.subarray(start + size);
      if ((first & 0x0f) > 2) continue; // ping, pong, close
      parts.push(payload);
      if ((first & 0x80) === 0) continue; // the message goes on in the next frame
      onText(Buffer.concat(parts).toString('utf8'));
      parts = [];
    }
  };
}

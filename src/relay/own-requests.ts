import { readObject } from '../codex/json.ts';
import { parseLine, type RequestId, toLine } from './message.ts';

/** The answer of the server to a request of ours. */
export type OwnAnswer =
  | { ok: true; result: Record<string, unknown> }
  /** `message`: the words of the server, or why there is no answer. `isSilent`: there is no answer. */
  | { ok: false; message: string; isSilent: boolean };

/** Requests that the relay makes itself. The client never sees them, nor their answers. */
export interface OwnRequests {
  /** @param taken gets the answer before the next line of the server is looked at. A promise resolves after all lines of a chunk. */
  ask(
    method: string,
    params: object | undefined,
    taken?: (answer: OwnAnswer) => void,
  ): Promise<OwnAnswer>;
  isOwn(id: RequestId): boolean;
  take(id: RequestId, line: Buffer): void;
  /** The server has ended. */
  abandon(): void;
}

/** No client has such ids: Codex's clients count. */
const PREFIX = 'codex-hotswap-';

/**
 * @param send writes a line to the server.
 * @param after a timer. A server that does not answer within `timeoutMs` milliseconds has refused.
 */
export function createOwnRequests(
  send: (line: Buffer) => void,
  after: (ms: number, callback: () => void) => void,
  timeoutMs: number,
): OwnRequests {
  const open = new Map<RequestId, (answer: OwnAnswer) => void>();
  let count = 0;

  function settle(id: RequestId, answer: OwnAnswer): void {
    const listener = open.get(id);
    open.delete(id);
    listener?.(answer);
  }

  function settleWithout(id: RequestId, message: string): void {
    settle(id, { ok: false, message, isSilent: true });
  }

  return {
    ask(method, params, taken) {
      count += 1;
      const id = `${PREFIX}${count}`;
      const answer = new Promise<OwnAnswer>((resolve) => {
        open.set(id, (told) => {
          taken?.(told);
          resolve(told);
        });
      });
      send(toLine({ id, method, params }));
      after(timeoutMs, () => settleWithout(id, `no answer to ${method} in time`));
      return answer;
    },
    isOwn: (id) => typeof id === 'string' && id.startsWith(PREFIX),
    take(id, line) {
      const message = parseLine(line);
      const result = readObject(message?.result);
      const refusal = String(readObject(message?.error)?.message ?? 'refused without a reason');
      settle(
        id,
        message !== undefined && 'result' in message
          ? { ok: true, result: result ?? {} }
          : { ok: false, message: refusal.slice(0, MOST_WORDS), isSilent: false },
      );
    },
    abandon() {
      for (const id of [...open.keys()]) settleWithout(id, 'codex has ended');
    },
  };
}

const MOST_WORDS = 300;

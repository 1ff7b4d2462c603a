import type { IncomingHttpHeaders } from 'node:http';
import type { FailureKind } from './failures.ts';
import type { Transport, TurnRequest } from './turn-request.ts';

export type Route =
  | 'responses'
  | 'models'
  | 'usage'
  | 'accounts-check'
  | 'token'
  | 'revoke'
  | 'device-usercode'
  | 'device-token'
  | 'other';

/** One request the backend got; for tests to assert on. */
export interface RecordedRequest {
  /** Position in `backend.requests`. */
  index: number;
  /** Arrival and first byte of the answer, milliseconds since the epoch. */
  at: number;
  answeredAt: number | undefined;
  transport: 'http' | Transport;
  method: string;
  /** Without the query. */
  path: string;
  route: Route;
  /** Name of the account whose token it carried, also when that token is dead. */
  account: string | undefined;
  headers: IncomingHttpHeaders;
  /** Parsed JSON or form; undefined when there was none. */
  body: unknown;
  /** For `responses` only. */
  turn: TurnRequest | undefined;
  /** What became of it; undefined while it is being answered. */
  outcome: Outcome | undefined;
}

export type Outcome =
  | { kind: 'answered'; text: string }
  | { kind: 'prewarmed' }
  | { kind: 'failed'; failure: FailureKind }
  | { kind: 'aborted' }
  | { kind: 'status'; status: number };

export interface DeferredWrites {
  readonly requests: RecordedRequest[];
  add(request: Omit<RecordedRequest, 'index' | 'at' | 'answeredAt' | 'outcome'>): RecordedRequest;
  /** Says what is asked in it, as soon as that is known. */
  understand(request: RecordedRequest, turn: TurnRequest): void;
  settle(request: RecordedRequest, outcome: Outcome): void;
  /**
   * The first request from position `from` (default 0) on that fits, awaited when it has not come yet.
   * Looks again whenever a request arrives, is understood or is settled, so a predicate may ask for an outcome.
   * Rejects after `timeoutMs` (default 20 s) with a list of what did come.
   */
  waitFor(
    fits: (request: RecordedRequest) => boolean,
    options?: { from?: number; timeoutMs?: number },
  ): Promise<RecordedRequest>;
}

export function createDeferredWrites(): DeferredWrites {
  const requests: RecordedRequest[] = [];
  const watchers = new Set<() => void>();
  const announce = () => {
    for (const watch of [...watchers]) watch();
  };
  return {
    requests,
    add(request) {
      const record: RecordedRequest = {
        ...request,
        index: requests.length,
        at: Date.now(),
        answeredAt: undefined,
        outcome: undefined,
      };
      requests.push(record);
      announce();
      return record;
    },
    understand(request, turn) {
      request.turn = turn;
      announce();
    },
    settle(request, outcome) {
      request.answeredAt ??= Date.now();
      request.outcome = outcome;
      announce();
    },
    waitFor(fits, { from = 0, timeoutMs = 20_000 } = {}) {
      const { promise, resolve, reject } = withResolvers<RecordedRequest>();
      const timer = setTimeout(() => {
        watchers.delete(look);
        reject(new Error(`no such request in ${timeoutMs} ms; got:\n${listRequests(requests)}`));
      }, timeoutMs);
      const look = () => {
        const found = requests.slice(from).find(fits);
        if (found === undefined) return;
        clearTimeout(timer);
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
      return promise;
    },
  };
}

/** One line a request, without secrets. */
export function listRequests(requests: RecordedRequest[]): string {
  return requests
    .map((request) => {
      const said = request.turn?.userTexts.at(-1);
      return [
        new Date(request.at).toISOString().slice(11, 23),
        `${request.transport} ${request.method} ${request.path}`,
        request.account ?? '-',
        said === undefined ? '' : JSON.stringify(said.slice(0, 60)),
        JSON.stringify(request.outcome ?? 'open'),
      ].join(' ');
    })
    .join('\n');
}

// Promise.withResolvers needs Node 22.
function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

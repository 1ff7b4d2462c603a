import type { RateLimits } from '../codex/rollout.ts';
import { beginConversation, type RelayHost, tellClient } from './conversation.ts';
import { sendWaiting, takeClientLine } from './from-client.ts';
import { takeServerLine } from './from-server.ts';
import { createLongLines } from './long-lines.ts';
import { settleLostServer } from './lost-server.ts';
import { parseLine } from './message.ts';
import { createOutput } from './output.ts';
import { createLineSplitter, type LinePiece } from './split-lines.ts';
import { openSuccessor, renameThread, type SuccessorQuestion } from './successor.ts';
import type { OpenThread } from './threads.ts';
import { deliverHeld, hasRunningTurn, listFailed } from './turns.ts';

export type { RelayHost } from './conversation.ts';
export type { OpenThread, OpenTurn } from './threads.ts';

/**
 * Stands between one client of `codex app-server` and its server, and outlives the server. Every line passes unchanged, byte for
 * byte and in order, unless a turn has failed because of its account. Then the end of the turn is held, and the next server goes
 * on with the turn. The README of this folder has the table of what is lost with a server, and what the client is told.
 */
export interface Relay {
  fromClient(chunk: Buffer): void;
  /** The client sends no more. Its last line may have no newline. */
  clientEnded(): void;
  fromServer(chunk: Buffer): void;
  /** The threads whose failed turn is held. */
  failed(): OpenThread[];
  hasRunningTurn(): boolean;
  threads(): OpenThread[];
  /** The account's figures, as the server has told them last. */
  limits(): RateLimits | undefined;
  /** The thread goes on in a copy with this id. */
  renameThread(thread: OpenThread, id: string): void;
  /** The server is to end when no turn runs. From now on what would only meet its end waits for the successor. */
  serverEnds(): void;
  /** The failed turns have failed, and the server goes on: the client gets their ends. */
  deliverHeld(): void;
  /** The server gets no more lines: what the client sends waits for the successor. */
  closeServer(): void;
  /** The server has ended. @param isLast no successor comes. */
  serverEnded(isLast: boolean): void;
  /** A successor runs. Resolves when the client's lines go to it. `refusal`: the words of a server that did not take something. */
  openSuccessor(question: SuccessorQuestion): Promise<{ refusal?: string }>;
  /** A notice of ours, as the protocol has it. */
  warn(message: string): void;
}

/** A longer line passes in pieces, and is not looked at. */
const MOST_OF_A_LINE = 64 * 1024 * 1024;

export function createRelay(host: RelayHost): Relay {
  const output = createOutput(host);
  let depth = 0;
  const conversation = beginConversation({
    ...host,
    toClient(bytes) {
      output.add(bytes);
      if (depth === 0) output.flush();
    },
    after: (ms, callback) => host.after(ms, act(callback)),
  });
  const client = createLineSplitter(MOST_OF_A_LINE);
  const longLines = createLongLines(conversation);
  let server = createLineSplitter(MOST_OF_A_LINE);

  function takeFromServer({ bytes, part }: LinePiece): void {
    if (part !== 'whole') return output.addPiece(bytes, part === 'tail');
    const shown = takeServerLine(conversation, bytes);
    if (shown !== undefined) output.add(shown);
  }

  function takeFromClient({ bytes, part }: LinePiece): void {
    if (part === 'whole') takeClientLine(conversation, bytes);
    else longLines.take(bytes, part);
  }

  /** What an ended server has begun to write, and no one will complete. */
  function takeRest({ bytes, part }: LinePiece): void {
    if (part !== 'whole') output.addPiece(Buffer.from('\n'), true);
    else if (parseLine(bytes)) takeFromServer({ bytes: Buffer.concat([bytes, NEWLINE]), part });
  }

  /** Everything that happens goes through here. At its end the client gets what there is for it. */
  function act<A extends unknown[], R>(does: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      depth += 1;
      try {
        const result = does(...args);
        const { isReleased, phase, waiting } = conversation;
        const goesOn = isReleased && phase === 'open' && waiting.length > 0;
        if (depth === 1 && goesOn) sendWaiting(conversation);
        return result;
      } finally {
        depth -= 1;
        output.flush();
      }
    };
  }

  return {
    fromClient: act((chunk) => client.push(chunk).forEach(takeFromClient)),
    clientEnded: act(() => client.end().forEach(takeFromClient)),
    fromServer: act((chunk) => server.push(chunk).forEach(takeFromServer)),
    failed: () => listFailed(conversation),
    hasRunningTurn: () => hasRunningTurn(conversation),
    threads: () => [...conversation.threads.values()],
    limits: () => conversation.limits,
    renameThread: (thread, id) => renameThread(conversation, thread, id),
    serverEnds() {
      conversation.isEnding = true;
    },
    deliverHeld: act(() => {
      deliverHeld(conversation);
      Object.assign(conversation, { isEnding: false, isReleased: true });
    }),
    closeServer() {
      conversation.phase = 'ended';
    },
    serverEnded: act((isLast) => {
      server.end().forEach(isLast ? takeFromServer : takeRest);
      server = createLineSplitter(MOST_OF_A_LINE);
      // The next server's account has other figures.
      Object.assign(conversation, { phase: 'ended', isEnding: false, limits: undefined });
      conversation.own.abandon();
      conversation.pacer.clear();
      if (isLast) deliverHeld(conversation);
      else settleLostServer(conversation);
    }),
    async openSuccessor(question) {
      const opened = await openSuccessor(conversation, question);
      output.flush();
      return opened;
    },
    warn: act((message) => {
      tellClient(conversation, { method: 'warning', params: { threadId: null, message } });
    }),
  };
}

const NEWLINE = Buffer.from('\n');

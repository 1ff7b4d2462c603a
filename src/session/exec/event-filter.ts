import {
  EVENT_HEAD_BYTES,
  type ExecEvent,
  readErrorMessage,
  readExecEvent,
} from '../../codex/exec-events.ts';
import { createPieces, type Pieces } from './pieces.ts';

/**
 * The lines of `codex exec --json` on their way to the client, so that the children of one session look like one run. The lines
 * of a failure are held until it is known whether the work goes on. All other bytes pass at once, and unchanged.
 */
export interface EventFilter {
  /** Takes bytes of the child. @returns the bytes for the client, in order. */
  feed(chunk: Buffer): Buffer[];
  /** The child writes no more. @returns the beginning of a line that was too short to tell what the line is. */
  end(): Buffer[];
  /** The next child begins. The failure of the child before is dropped when the turn of the next child begins. */
  beginSuccessor(): void;
  /** The work does not go on. @returns the lines of the failure. */
  release(): Buffer[];
  /** @returns the errors of a turn that has not failed. */
  passErrors(): Buffer[];
  /** The child has said that its turn has failed. */
  hasFailed(): boolean;
  /** The child has said that its turn has failed, or an error that may be the reason. */
  holdsError(): boolean;
  /** The message of the first line that is held. */
  errorMessage(): string | undefined;
}

/** A failure has two short lines. What is longer than this passes after all. */
export const MOST_HELD_BYTES = 16 * 1024 * 1024;

/** @param names the id of a copy → the id by which the client knows the thread. */
export function createEventFilter(names: ReadonlyMap<string, string> = new Map()): EventFilter {
  const state: FilterState = {
    names,
    ...{ head: EMPTY, way: undefined, isMidLine: false, isCut: false },
    ...{ held: [], heldBefore: [], heldBytes: 0, hasFailed: false },
    ...{ thread: 'new', turn: 'new', highestItem: -1, itemOffset: 0 },
  };
  return {
    feed: (chunk) => toClient(state, passLines(state, chunk, false)),
    end() {
      const out = toClient(state, passLines(state, EMPTY, true));
      Object.assign(state, { way: undefined, isCut: state.isMidLine });
      return out;
    },
    beginSuccessor: () => beginSuccessor(state),
    release() {
      const held = [...state.heldBefore, ...takeHeld(state)];
      state.heldBefore = [];
      return toClient(state, held);
    },
    passErrors: () => (state.hasFailed ? [] : toClient(state, takeHeld(state))),
    hasFailed: () => state.hasFailed,
    holdsError: () => state.held.length > 0,
    errorMessage: () => readErrorMessage(Buffer.concat(state.held)),
  };
}

interface FilterState {
  readonly names: ReadonlyMap<string, string>;
  /** The beginning of a line that does not tell yet what the line is. */
  head: Buffer;
  /** Where the rest of a line goes that has begun. */
  way: Way | undefined;
  /** The client has the beginning of a line. */
  isMidLine: boolean;
  /** That line has no end, because its child has ended. What follows begins a line. */
  isCut: boolean;
  held: Buffer[];
  /** The failure of the child before. */
  heldBefore: Buffer[];
  heldBytes: number;
  hasFailed: boolean;
  thread: Announcement;
  turn: Announcement;
  /** As the client sees the numbers. */
  highestItem: number;
  /** Is added to the numbers of this child. */
  itemOffset: number;
}

type Way = 'pass' | 'hold' | 'drop';
/** `told-before`: an earlier child has told the client, and this child has not said it yet. */
type Announcement = 'new' | 'told' | 'told-before';

const EMPTY = Buffer.alloc(0);
const NEWLINE = 0x0a;
const LINE_END = Buffer.from('\n');

/** @param isEnd no more bytes come, so a short line tells what it is. @returns the bytes for the client. */
function passLines(state: FilterState, chunk: Buffer, isEnd: boolean): Buffer[] {
  const bytes = state.head.length === 0 ? chunk : Buffer.concat([state.head, chunk]);
  state.head = EMPTY;
  const pieces = createPieces(bytes);
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline === -1 ? bytes.length : newline + 1;
    if (state.way === undefined) {
      if (newline === -1 && !isEnd && end - at < EVENT_HEAD_BYTES) {
        state.head = Buffer.from(bytes.subarray(at));
        break;
      }
      const event = readExecEvent(bytes, at, end);
      state.way = judge(state, event);
      // The errors that are held have not ended the turn.
      if (state.way === 'pass') for (const piece of takeHeld(state)) pieces.insert(piece);
      at = rewriteHead(state, event, pieces, at);
    }
    send(state, pieces, bytes, at, end);
    if (newline !== -1) state.way = undefined;
    at = end;
  }
  return pieces.list();
}

function judge(state: FilterState, event: ExecEvent): Way {
  switch (event.kind) {
    case 'turn-failed':
      Object.assign(state, { heldBefore: [], hasFailed: true });
      return 'hold';
    case 'error':
      return 'hold';
    case 'item':
      if (event.tellsEndOfReview && state.held.length > 0) return 'hold';
      break;
    case 'thread-started':
      if (isToldAgain(state, 'thread')) return 'drop';
      break;
    case 'turn-started':
      state.heldBefore = [];
      if (isToldAgain(state, 'turn')) return 'drop';
      break;
    case 'turn-completed':
      state.heldBefore = [];
      break;
  }
  return state.hasFailed ? 'hold' : 'pass';
}

function isToldAgain(state: FilterState, what: 'thread' | 'turn'): boolean {
  const isKnown = state[what] === 'told-before';
  state[what] = 'told';
  return isKnown;
}

/** Sends the beginning of a line with another number or id in it. @returns where the rest of the line begins. */
function rewriteHead(state: FilterState, event: ExecEvent, pieces: Pieces, at: number): number {
  const change = changeOf(state, event);
  if (change === undefined) return at;
  const before = pieces.bytes.subarray(at, at + change.from);
  sendPiece(state, pieces, Buffer.concat([before, Buffer.from(change.text)]));
  return at + change.to;
}

interface Change {
  from: number;
  to: number;
  text: string;
}

/** The numbers of items go on counting, and a copy of a thread has the id that the client knows. */
function changeOf(state: FilterState, event: ExecEvent): Change | undefined {
  if (event.kind === 'item') {
    const number = event.number + state.itemOffset;
    // The client may never see an item that is held.
    if (state.way === 'pass') state.highestItem = Math.max(state.highestItem, number);
    return state.itemOffset === 0 ? undefined : { ...event, text: String(number) };
  }
  if (event.kind !== 'thread-started') return undefined;
  const text = state.names.get(event.id);
  return text === undefined ? undefined : { ...event, text };
}

function send(state: FilterState, pieces: Pieces, bytes: Buffer, from: number, to: number): void {
  if (state.way === 'pass') pieces.pass(from, to);
  else sendPiece(state, pieces, Buffer.from(bytes.subarray(from, to)));
}

function sendPiece(state: FilterState, pieces: Pieces, piece: Buffer): void {
  if (state.way === 'pass') return pieces.insert(piece);
  if (state.way === 'drop') return;
  state.held.push(piece);
  state.heldBytes += piece.length;
  if (state.heldBytes <= MOST_HELD_BYTES) return;
  state.way = 'pass';
  for (const held of takeHeld(state)) pieces.insert(held);
}

function takeHeld(state: FilterState): Buffer[] {
  const { held } = state;
  if (held.length > 0) Object.assign(state, { held: [], heldBytes: 0, hasFailed: false });
  return held;
}

function beginSuccessor(state: FilterState): void {
  const held = takeHeld(state);
  const isCut = held.length > 0 && held.at(-1)?.at(-1) !== NEWLINE;
  state.heldBefore = [...state.heldBefore, ...held, ...(isCut ? [LINE_END] : [])];
  if (state.thread === 'told') state.thread = 'told-before';
  if (state.turn === 'told') state.turn = 'told-before';
  state.itemOffset = state.highestItem + 1;
}

/** Notes what the client gets. The bytes of another child do not continue a line. */
function toClient(state: FilterState, out: Buffer[]): Buffer[] {
  const last = out.at(-1);
  if (last === undefined) return out;
  const whole = state.isCut ? [LINE_END, ...out] : out;
  Object.assign(state, { isMidLine: last.at(-1) !== NEWLINE, isCut: false });
  return whole;
}

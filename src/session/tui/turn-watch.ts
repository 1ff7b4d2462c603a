import { normaliseForMatching } from '../../codex/limits.ts';
import type { Agent } from '../../handoff/agents.ts';
import type { Source } from '../../handoff/events.ts';
import type { SessionThread } from '../../handoff/session-thread.ts';
import type { AgentRefusal } from './follow-agents.ts';
import type { ChildRecord, RecordNews, SeenText, ThreadFollower } from './follow-threads.ts';
import type { Sign } from './output-taps.ts';
import { createRolloutWatcher, type RolloutWatcher } from './rollout-watcher.ts';

/** Watches one child for signs of a limit, and finds the proof of one. */
export interface TurnWatch {
  /** A sign in the output. */
  addSign(sign: Sign): void;
  /** After `triggered`: seeks proof of a limit or of a refused turn, until it is found or the time is up. */
  seek(): Promise<Proof>;
  /** The last announcement of the child says that it works. */
  isWorking(): boolean;
  /** The child has announced once that it works. */
  hasWorked(): boolean;
  /** A turn runs, by the child's announcement. For a child that announces nothing: by the last reading of its record. */
  isTurnRunning(): boolean;
  /** Reads the child's prompts and turns from its threads. The child may have ended. */
  readRecord(): Promise<ChildRecord>;
  /** Reads the news in the record, and reports it. */
  reportNews(): Promise<void>;
  /** Reads the record. True: no turn runs, not an agent's either, by the child's announcement and by the record. */
  isResting(): Promise<boolean>;
  /** The agents whose turn runs, by the last reading of the record. */
  runningAgents(): readonly Agent[];
  close(): void;
}

export type Proof = Pick<RecordNews, 'proof' | 'refused'>;

export interface WatchOptions {
  follower: ThreadFollower;
  /** There is a sign of a limit. No other is reported until `seek` has answered. */
  triggered(source: Source): void;
  /** An error cell had the text of a limit, and the record has no limit: the text is a quotation or a replay. */
  unconfirmed(): void;
  /** The first turn of this child has begun, by the child's announcement or by the record. */
  turnBegan(): void;
  /** A turn of this child is in the record. */
  turnRecorded(): void;
  /** The turn of an agent has met the limit. May be called more than once for a turn. */
  agentRefused(refusal: AgentRefusal): void;
  /** `beganAt`: the begin of the turn, epoch milliseconds. `limits`: the account's usage after it, if the record has it. */
  turnSucceeded(turn: Pick<RecordNews, 'beganAt' | 'limits'>): void;
  bound(thread: SessionThread): void;
  now(): number;
}

/** Codex writes the record some milliseconds before or after it announces the error. Later news counts as a new sign. */
const SEEK_MS = 400;
const SEEK_PAUSE_MS = 15;
/** How often the child's open files are searched for a new rollout: often at first, then seldom. */
const SEARCH_MS = { first: 100, most: 1000 };

/** The facts about the child so far. */
interface WatchState {
  /** The text of a limit that was drawn last. */
  seenText: SeenText | undefined;
  /** The beginning of a text that the record did not confirm. */
  unconfirmedText: string | undefined;
  /** The child announces its states (fact 79). */
  announces: boolean;
  isWorking: boolean;
  hasWorked: boolean;
  /** Its first turn has begun. */
  hasBegun: boolean;
  /** A turn runs, by its record. */
  isTurnRecorded: boolean;
  /** The turn of an agent runs, by its record. */
  doAgentsWork: boolean;
  /** A text of a limit was drawn, and the record is read again and again. */
  isConfirming: boolean;
  isSeeking: boolean;
  isClosed: boolean;
  /** An answered turn that was read while proof was sought. It is reported with the next news. */
  unreported: RecordNews | undefined;
  boundTo: string | undefined;
}

/**
 * Signs come from OSC 7501, from the text of an error cell, and from the record. The record also proves a limit whose text we
 * do not know. After a text alone the record is read, and keys still go to Codex, because the text may be part of an answer.
 */
export function createTurnWatch(options: WatchOptions): TurnWatch {
  const state: WatchState = {
    ...{ seenText: undefined, unconfirmedText: undefined, unreported: undefined },
    ...{ announces: false, isWorking: false, hasWorked: false, hasBegun: false },
    ...{
      isTurnRecorded: false,
      doAgentsWork: false,
      isConfirming: false,
      isSeeking: false,
      isClosed: false,
    },
    boundTo: undefined,
  };
  const rollouts = createRolloutWatcher(() => void reportNews(watched));
  const watched: Watched = { options, state, rollouts };
  const stopSearch = searchAgain(() => void reportNews(watched));
  return {
    addSign: (sign) => readSign(watched, sign),
    seek: () => seekProof(watched),
    isWorking: () => state.isWorking,
    isTurnRunning: () => (state.announces ? state.isWorking : state.isTurnRecorded),
    async readRecord() {
      await options.follower.readNews(state.seenText).catch(() => undefined);
      return options.follower.record();
    },
    hasWorked: () => state.hasWorked,
    runningAgents: options.follower.runningAgents,
    reportNews: () => reportNews(watched),
    async isResting() {
      await reportNews(watched);
      const { isTurnRecorded, isWorking, doAgentsWork, isSeeking, isClosed } = state;
      return !(isTurnRecorded || isWorking || doAgentsWork || isSeeking || isClosed);
    },
    close() {
      state.isClosed = true;
      stopSearch();
      rollouts.close();
    },
  };
}

interface Watched {
  options: WatchOptions;
  state: WatchState;
  rollouts: RolloutWatcher;
}

function readSign(watched: Watched, sign: Sign): void {
  const { options, state } = watched;
  if (sign.source === 'text') {
    state.seenText = { text: sign.text, at: options.now() };
    // The text does not count for a child that announces its states. An answer that quotes a limit is drawn again and
    // again. For that text the record is read once.
    const isKnown = abbreviate(sign.text) === state.unconfirmedText;
    if (!state.announces && !state.isConfirming && !isKnown) void confirmText(watched, sign.text);
    return;
  }
  state.announces = true;
  state.isWorking = sign.state === 'working';
  state.hasWorked ||= state.isWorking;
  if (sign.state === 'error') return trigger(watched, 'state');
  if (sign.state === 'working') beginTurn(watched);
  state.unconfirmedText = undefined;
  void reportNews(watched);
}

function trigger({ options, state }: Watched, source: Source): void {
  if (state.isSeeking || state.isClosed) return;
  state.isSeeking = true;
  options.triggered(source);
}

/** Proof in the record is a sign by itself. */
async function reportNews(watched: Watched): Promise<void> {
  const { options, state } = watched;
  if (state.isSeeking || state.isClosed) return;
  const news = await options.follower.readNews(state.seenText).catch(() => undefined);
  if (state.isClosed || news === undefined) return;
  state.isTurnRecorded = news.turnRuns;
  followThread(watched);
  reportAgents(watched, news);
  if (news.started) {
    beginTurn(watched);
    options.turnRecorded();
  }
  const success = news.answered ? news : state.unreported;
  state.unreported = undefined;
  if (success !== undefined) options.turnSucceeded(success);
  if (isProof(news)) trigger(watched, state.isConfirming ? 'text' : 'record');
}

function reportAgents({ options, state }: Watched, news: RecordNews): void {
  state.doAgentsWork = news.runningAgents.length > 0;
  for (const refusal of news.agentRefusals) options.agentRefused(refusal);
}

function followThread({ options, state, rollouts }: Watched): void {
  const thread = options.follower.current();
  if (thread !== undefined && thread.id !== state.boundTo) {
    state.boundTo = thread.id;
    options.bound(thread);
  }
  rollouts.watch(options.follower.rollouts());
}

function beginTurn({ options, state }: Watched): void {
  if (state.hasBegun) return;
  state.hasBegun = true;
  options.turnBegan();
}

/** Codex may write the record after it has drawn the text, so the record is read again and again for a while. */
async function confirmText(watched: Watched, text: string): Promise<void> {
  const { options, state } = watched;
  const isOver = () => state.isSeeking || state.isClosed;
  state.isConfirming = true;
  for (const deadline = options.now() + SEEK_MS; options.now() < deadline && !isOver(); ) {
    await reportNews(watched);
    await pause();
  }
  state.isConfirming = false;
  if (isOver()) return;
  state.unconfirmedText = abbreviate(text);
  options.unconfirmed();
}

async function seekProof(watched: Watched): Promise<Proof> {
  const { options, state } = watched;
  try {
    for (const deadline = options.now() + SEEK_MS; ; ) {
      const found = await options.follower.readNews(state.seenText);
      if (found.answered) state.unreported = found;
      // The answered turn came before the one that failed.
      if (isProof(found)) state.unreported = undefined;
      followThread(watched);
      reportAgents(watched, found);
      if (isProof(found) || state.isClosed || options.now() > deadline) return found;
      await pause();
    }
  } finally {
    state.isSeeking = false;
  }
}

/** @returns what ends the search. */
function searchAgain(search: () => void): () => void {
  let afterMs = SEARCH_MS.first;
  let timer = setTimeout(next, afterMs);
  function next(): void {
    search();
    afterMs = Math.min(afterMs * 1.5, SEARCH_MS.most);
    timer = setTimeout(next, afterMs).unref();
  }
  return () => clearTimeout(timer);
}

function isProof({ proof, refused }: Proof): boolean {
  return proof !== undefined || refused !== undefined;
}

function pause(): Promise<void> {
  return new Promise((resume) => setTimeout(resume, SEEK_PAUSE_MS));
}

/** The beginning of a text. It identifies the text, also while the text is half drawn. */
function abbreviate(text: string): string {
  return normaliseForMatching(text).slice(0, 24);
}

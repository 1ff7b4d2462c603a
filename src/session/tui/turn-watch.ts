import { normaliseForMatching } from '../../codex/limits.ts';
import type { RateLimits } from '../../codex/rollout.ts';
import type { Source } from '../../handoff/events.ts';
import type { SessionThread } from '../../handoff/session-thread.ts';
import type { ChildRecord, Look, SeenText, ThreadFollower } from './follow-threads.ts';
import type { Sign } from './output-taps.ts';
import { createRolloutWatcher } from './rollout-watcher.ts';

/** Watches one child for signs of a limit, and finds the proof of one. */
export interface TurnWatch {
  /** A sign in the output. */
  note(sign: Sign): void;
  /** After `triggered`: looks for proof, of a limit or a refusal, until it is there or the time is up. */
  seek(): Promise<Proof>;
  /** It has announced that it works, and not yet that it has ended. */
  isWorking(): boolean;
  /** It has said so since it was started. */
  hasWorked(): boolean;
  /** A turn runs, by its word or, where it does not announce any, by its record as it was read last. */
  isTurnRunning(): boolean;
  /** What its threads tell of it, read now, though it may have ended. */
  readRecord(): Promise<ChildRecord>;
  /** Reads what the record has by now, and tells of it. */
  look(): Promise<void>;
  /** No turn runs, neither by its word nor, as it is read now, by its record. */
  isResting(): Promise<boolean>;
  close(): void;
}

export type Proof = Pick<Look, 'proof' | 'refused'>;

export interface WatchOptions {
  follower: ThreadFollower;
  /** Something is to be looked into; nothing more is reported until `seek` has answered. */
  triggered(source: Source): void;
  /** An error cell had the text of a limit, and the record knows of none: a quotation, a replay. */
  unconfirmed(): void;
  /** The first turn of this child has begun, by its word or by the record. */
  turnBegan(): void;
  /** A turn of this child is in the record. */
  turnRecorded(): void;
  /** @param limits what is left of the account, if the turn told. */
  turnSucceeded(limits: RateLimits | undefined): void;
  bound(thread: SessionThread): void;
  now(): number;
}

/** The record is written some milliseconds before or after the error is told. What comes later is a sign by itself. */
const SEEK_MS = 400;
const SEEK_PAUSE_MS = 15;
/** How often the child's open files are looked through for a new rollout: often at first, then seldom. */
const SEARCH_MS = { first: 100, most: 1000 };

/**
 * Signs come from OSC 7501, from the text of an error cell, and from the rollout itself, which also gives proof of
 * limits whose wording nobody knows yet. A text alone only makes us look: keys go on to Codex meanwhile,
 * for an answer may quote it.
 */
export function createTurnWatch(options: WatchOptions): TurnWatch {
  const { follower, now } = options;
  const rollouts = createRolloutWatcher(() => void look());
  let saw: SeenText | undefined;
  let disbelieved: string | undefined;
  let announces = false;
  let isWorking = false;
  let isRecordOpen = false;
  let hasWorked = false;
  let began = false;
  let alert = false;
  let seeking = false;
  let closed = false;
  /** An answered turn that was read while proof was sought: told at the next look. */
  let untold: Look | undefined;
  let boundTo: string | undefined;
  let searchMs = SEARCH_MS.first;
  let timer = setTimeout(search, searchMs);

  function search(): void {
    void look();
    searchMs = Math.min(searchMs * 1.5, SEARCH_MS.most);
    timer = setTimeout(search, searchMs);
    timer.unref();
  }

  function trigger(source: Source): void {
    if (seeking || closed) return;
    seeking = true;
    options.triggered(source);
  }

  /** A look without a trigger: proof by itself is one. */
  async function look(): Promise<void> {
    if (seeking || closed) return;
    const news = await follower.look(saw).catch(() => undefined);
    if (closed || news === undefined) return;
    isRecordOpen = news.turnRuns;
    follow();
    if (news.started) {
      begin();
      options.turnRecorded();
    }
    const success = news.answered ? news : untold;
    untold = undefined;
    if (success !== undefined) options.turnSucceeded(success.limits);
    if (isProof(news)) trigger(alert ? 'text' : 'record');
  }

  function follow(): void {
    const thread = follower.current();
    if (thread !== undefined && thread.id !== boundTo) {
      boundTo = thread.id;
      options.bound(thread);
    }
    rollouts.watch(follower.rollouts());
  }

  function begin(): void {
    if (began) return;
    began = true;
    options.turnBegan();
  }

  /** Looks again and again for a while, as the record may be written after the cell is drawn. */
  async function lookInto(text: string): Promise<void> {
    alert = true;
    for (const deadline = now() + SEEK_MS; now() < deadline && !seeking && !closed; ) {
      await look();
      await pause();
    }
    alert = false;
    if (seeking || closed) return;
    disbelieved = beginning(text);
    options.unconfirmed();
  }

  return {
    note(sign) {
      if (sign.source === 'text') {
        saw = { text: sign.text, at: now() };
        // A Codex that announces its states does not need its screen read; and an answer that quotes a limit is
        // drawn again and again, but looked into once.
        if (announces || alert || beginning(sign.text) === disbelieved) return;
        void lookInto(sign.text);
        return;
      }
      announces = true;
      isWorking = sign.state === 'working';
      hasWorked ||= isWorking;
      if (sign.state === 'error') return trigger('state');
      if (sign.state === 'working') begin();
      disbelieved = undefined;
      void look();
    },
    async seek() {
      try {
        for (const deadline = now() + SEEK_MS; ; ) {
          const found = await follower.look(saw);
          if (found.answered) untold = found;
          if (isProof(found)) untold = undefined; // of a turn before
          follow();
          if (isProof(found) || closed || now() > deadline) return found;
          await pause();
        }
      } finally {
        seeking = false;
      }
    },
    isWorking: () => isWorking,
    isTurnRunning: () => (announces ? isWorking : isRecordOpen),
    async readRecord() {
      await follower.look(saw).catch(() => undefined);
      return follower.record();
    },
    hasWorked: () => hasWorked,
    look,
    async isResting() {
      await look();
      return !isRecordOpen && !isWorking && !seeking && !closed;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      rollouts.close();
    },
  };
}

function isProof({ proof, refused }: Proof): boolean {
  return proof !== undefined || refused !== undefined;
}

function pause(): Promise<void> {
  return new Promise((resume) => setTimeout(resume, SEEK_PAUSE_MS));
}

/** Enough of a text to tell it from others, however much of it has been drawn. */
function beginning(text: string): string {
  return normaliseForMatching(text).slice(0, 24);
}

import { normaliseForMatching } from '../codex/limits.ts';
import type { FollowedThread, Proven, ThreadFollower } from './follow.ts';
import type { Sign } from './taps.ts';

/** Watches one child for signs of a limit, and finds the proof of one. */
export interface Watch {
  /** A sign in the output. */
  note(sign: Sign): void;
  /** Looks for proof until it is there, or something else is proved, or the time is up. */
  seek(): Promise<Proven | undefined>;
  lastSource(): string;
  close(): void;
}

export interface WatchOptions {
  follower: ThreadFollower;
  triggered(source: string, kind?: string): void;
  turnSucceeded(): void;
  bound(thread: FollowedThread): void;
}

/** The record is written some milliseconds before or after the cell is drawn; this is ample, and keys wait for it. */
const SEEK_MS = 1500;
const SEEK_PAUSE_MS = 15;
/** How often the child's open files are looked through for a rollout that is not watched yet. */
const BIND_MS = 1000;

/**
 * Signs come from the text of an error cell, from OSC 7501, and from the rollout itself, which also gives proof of
 * limits whose wording nobody knows yet (design 6).
 */
export function createWatch(options: WatchOptions): Watch {
  const { follower } = options;
  const rollouts = createRolloutWatcher(() => void lookAgain());
  let sawText: string | undefined;
  let disbelieved: string | undefined;
  let source = 'none';
  let announces = false;
  let seeking = false;
  let closed = false;
  let boundTo: string | undefined;

  const timer = setInterval(() => void lookAgain(), BIND_MS);
  timer.unref();

  function trigger(from: string): void {
    if (seeking || closed) return;
    source = from;
    seeking = true;
    options.triggered(from);
  }

  /** A look without a sign: proof by itself is a sign. */
  async function lookAgain(): Promise<void> {
    if (seeking || closed) return;
    const news = await follower.look(sawText).catch(() => undefined);
    if (closed) return;
    follow();
    if (news?.answered) options.turnSucceeded();
    if (news?.proof !== undefined) trigger('record');
  }

  function follow(): void {
    const thread = follower.current();
    if (thread !== undefined && thread.id !== boundTo) {
      boundTo = thread.id;
      options.bound(thread);
    }
    rollouts.watch(follower.rollouts());
  }

  return {
    note(sign) {
      if (sign.source === 'text') {
        sawText = sign.text;
        // A Codex that announces its states does not need its screen read; and an answer that quotes a limit is
        // drawn again and again, but looked into once.
        if (announces || beginning(sign.text) === disbelieved) return;
        return trigger('text');
      }
      announces = true;
      if (sign.state === 'error') return trigger('state');
      disbelieved = undefined;
      void lookAgain();
    },
    async seek() {
      const deadline = Date.now() + SEEK_MS;
      try {
        for (;;) {
          const { proof, ended } = await follower.look(sawText);
          follow();
          if (proof !== undefined) return proof;
          if (ended || closed || Date.now() > deadline) break;
          await new Promise((resume) => setTimeout(resume, SEEK_PAUSE_MS));
        }
        disbelieved = sawText === undefined ? undefined : beginning(sawText);
        return undefined;
      } finally {
        seeking = false;
      }
    },
    lastSource: () => source,
    close() {
      closed = true;
      clearInterval(timer);
      rollouts.close();
    },
  };
}

/** Enough of a text to tell it from others, however much of it has been drawn. */
function beginning(text: string): string {
  return normaliseForMatching(text).slice(0, 24);
}

/** Loaded when the first rollout is there: never before the first frame. */
function createRolloutWatcher(changed: () => void): {
  watch(files: string[]): void;
  close(): void;
} {
  const watched = new Set<string>();
  let closed = false;
  let watcher: Promise<import('chokidar').FSWatcher> | undefined;
  return {
    watch(files) {
      const fresh = files.filter((file) => !watched.has(file));
      if (fresh.length === 0 || closed) return;
      for (const file of fresh) watched.add(file);
      watcher ??= import('chokidar').then(({ watch }) => watch([], { ignoreInitial: true }));
      void watcher
        .then((live) => {
          if (closed) return live.close();
          if (live.listenerCount('change') === 0) live.on('change', changed);
          live.add(fresh);
        })
        .catch(() => undefined);
    },
    close() {
      closed = true;
      void watcher?.then((live) => live.close()).catch(() => undefined);
    },
  };
}

import type { RateLimits } from '../../codex/rollout.ts';
import { describeError, NotStartedError } from '../../errors.ts';
import { createHandoffs, STOP_MS } from '../../handoff/perform.ts';
import { isFree, sessionOf } from '../../handoff/session.ts';
import type { Ending } from '../../handoff/states.ts';
import { FAILED } from '../../handoff/steps.ts';
import { createTimers } from '../../handoff/timers.ts';
import { createRelay, type RelayHost } from '../../relay/relay.ts';
import { catchUncaught } from '../../state/uncaught-errors.ts';
import { relaySignals } from '../signals.ts';
import { createEarlyHandoff } from '../tui/early-handoff.ts';
import { createAppServerDriver, endWhenIdle } from './app-server-driver.ts';
import type {
  AppServerSession,
  AppServerSessionParts,
  StartedServer,
} from './app-server-session.ts';
import { createStreams } from './connect-streams.ts';
import { proveByProtocol, toSessionThread } from './find-proof.ts';

/**
 * Runs a `codex app-server` for the client on our stdin and stdout to its end. When a turn meets the account's limit, the server
 * is ended, and a server under the next account goes on with the turn. The client sees one server.
 * @returns how the last server ended.
 * @throws NotStartedError when the first server could not be started.
 */
export function runAppServerSession(parts: AppServerSessionParts): Promise<Ending> {
  return new Promise<Ending>((resolve, reject) => {
    const session = openSession(parts, {
      finish(ending, lines) {
        leave();
        for (const line of lines) parts.say(line);
        resolve(ending);
      },
      giveUp(error) {
        leave();
        reject(new NotStartedError(error));
      },
    });
    const ends = [
      catchUncaught(session.fail),
      relaySignals(
        (signal, number) => {
          session.isSignalled = true;
          if (session.bug !== undefined) session.started?.child.signal(signal);
          else session.handoffs.dispatch({ name: 'signalled', signal, number });
        },
        parts.ignoresHangup ? 'SIGHUP' : undefined,
      ),
    ];
    const leave = () => {
      session.handoffs.abandon();
      session.timers.cancel();
      session.streams.close();
      for (const end of ends) end();
    };
    try {
      session.handoffs.begin();
    } catch (error) {
      session.giveUp(error);
    }
  });
}

type Ends = Pick<AppServerSession, 'finish' | 'giveUp'>;

function openSession(parts: AppServerSessionParts, ends: Ends): AppServerSession {
  const session = {
    ...{ parts, ...ends, started: undefined, bug: undefined, onInterrupt: undefined, turns: 0 },
    isSignalled: false,
    fail: (error) => failSession(error, session),
    ended: (started, ending) => reportEnd(session, started, ending),
  } as AppServerSession;
  // The handoffs cancel their own timers at the end of each server.
  session.timers = createTimers(session.fail);
  session.streams = createStreams(parts.client, () => session.relay, session.fail);
  session.handoffs = createHandoffs({
    ...parts,
    ...{ timers: createTimers(session.fail), failed: session.fail },
    ...{ driver: createAppServerDriver(session), isInteractive: true },
  });
  session.earlyHandoff = createEarlyHandoff({
    timers: session.timers,
    isFree: () => isFree(session.handoffs.state()),
    presses: () => session.turns,
    isResting: async () => !session.relay.hasRunningTurn(),
    move: (roomier) => session.handoffs.dispatch({ name: 'running-low', ...roomier }),
  });
  session.relay = createRelay(hostOf(session));
  return session;
}

/** What the relay sees is an event of the session. */
function hostOf(session: AppServerSession): RelayHost {
  const { parts, streams, handoffs, timers } = session;
  return {
    toClient: streams.toClient,
    toServer: streams.toServer,
    waiting: streams.waiting,
    named: parts.recordClient,
    opened: (thread) => handoffs.dispatch({ name: 'bound', thread: toSessionThread(thread) }),
    turnBegan() {
      session.turns += 1;
      handoffs.dispatch({ name: 'turn-began' });
    },
    turnSucceeded: (_thread, beganAt) => handoffs.dispatch({ name: 'turn-succeeded', beganAt }),
    turnFailed() {
      // After an error of ours no one decides.
      if (session.bug !== undefined) return session.relay.deliverHeld();
      handoffs.dispatch({ name: 'triggered', source: 'state' });
      endWhenIdle(session);
    },
    agentFailed(thread, turn) {
      const proof = proveByProtocol(turn, session.relay.limits());
      if (proof === undefined) return;
      const { id, agent } = thread;
      const named = agent?.name === undefined ? {} : { name: agent.name };
      handoffs.dispatch({ name: 'agent-refused', agent: { id, ...named }, proof });
    },
    atRest(limits) {
      endWhenIdle(session);
      handoffs.dispatch({ name: 'at-rest' });
      if (limits !== undefined) void considerMove(session, limits).catch(() => undefined);
    },
    forbids: parts.forbids,
    interrupted: () => session.onInterrupt?.(),
    note: (message) => parts.log({ type: 'notice', message }),
    after: timers.after,
    now: Date.now,
  };
}

/** After a turn: if the account has little left and another account has more, the session moves while no turn runs. */
async function considerMove(session: AppServerSession, limits: RateLimits): Promise<void> {
  const { parts, handoffs, earlyHandoff } = session;
  const thread = sessionOf(handoffs.state())?.thread;
  if (thread === undefined || session.relay.threads().some(({ isEphemeral }) => isEphemeral))
    return;
  await parts.accounts.rereadConstraints(thread.cwd);
  const from = { thread: thread.id, rollout: thread.rollout };
  const roomier = parts.accounts.findRoomier(limits, from);
  if (roomier !== undefined) earlyHandoff.consider(roomier);
  else if (parts.accounts.spendsAgainstWish(limits)) handoffs.dispatch({ name: 'spending' });
}

function reportEnd(session: AppServerSession, started: StartedServer, ending: Ending): void {
  const { relay, handoffs, bug } = session;
  started.ending = ending;
  relay.serverEnded(handoffs.state().name !== 'stopping' || bug !== undefined);
  if (bug !== undefined) return session.finish(ending, [bug]);
  handoffs.dispatch({ name: 'child-ended', ending });
}

/** After an error of ours the server that runs is the last server, and its lines pass. */
function failSession(error: unknown, session: AppServerSession): void {
  const { parts, handoffs, started, relay } = session;
  if (session.bug !== undefined) return;
  session.bug = describeError(error, parts.report).text;
  handoffs.abandon();
  try {
    relay.deliverHeld();
  } catch {
    // The relay may be the origin of the error.
  }
  if (started?.ending !== undefined) return session.finish(FAILED, [session.bug]);
  // Its input has been ended for a successor that will not come.
  const { input } = started?.child ?? {};
  if (!input?.writableEnded || session.streams.isClientGone()) return;
  session.timers.after(STOP_MS, () => started?.child.signal('SIGKILL'));
}

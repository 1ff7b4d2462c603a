import { constants } from 'node:os';
import { PassThrough } from 'node:stream';
import type { Ending } from '../../../../src/handoff/states.ts';
import type { ServerChild } from '../../../../src/session/app-server/server-child.ts';
import { type Told, thread, uuid } from '../../relay/relay-scene.ts';

/** What one server of a scene does. */
export interface ServerScript {
  /** Turns beyond these meet the limit. */
  turnsLeft?: number;
  /** Its turns do not end by themselves. */
  isSlow?: boolean;
  /** It does not end with its input, nor at a signal other than SIGKILL. */
  isStubborn?: boolean;
  /** It answers nothing. */
  isDeaf?: boolean;
  /** It cannot be started. */
  missing?: boolean;
}

/** A server of lines in this process, in the place of `startServerChild`. */
export class ScriptedServer implements ServerChild {
  readonly script: ServerScript;
  readonly number: number;
  readonly pid = undefined;
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  readonly spawned: Promise<void>;
  readonly ended: Promise<Ending>;
  /** What it has got. */
  readonly got: Told[] = [];
  readonly signals: string[] = [];
  isLiving = true;
  #end: (ending: Ending) => void = () => undefined;
  #rest = '';
  #turns = 0;
  readonly #waitsForClient: () => boolean;

  constructor(script: ServerScript, number: number, waitsForClient: () => boolean) {
    this.script = script;
    this.number = number;
    this.#waitsForClient = waitsForClient;
    this.spawned = script.missing ? new Promise(() => undefined) : Promise.resolve();
    this.ended = script.missing
      ? Promise.reject(new Error('ENOENT'))
      : new Promise((resolve) => {
          this.#end = resolve;
        });
    this.input.on('data', (chunk: Buffer) => this.#read(chunk));
    this.input.on('end', () => this.script.isStubborn || this.end({ kind: 'exited', code: 0 }));
  }

  signal(signal: NodeJS.Signals): void {
    this.signals.push(signal);
    if (this.script.isStubborn && signal !== 'SIGKILL') return;
    this.end({ kind: 'signalled', signal, number: constants.signals[signal] });
  }

  tell(...messages: object[]): void {
    for (const message of messages) this.output.write(`${JSON.stringify(message)}\n`);
  }

  /** Its process ends. The end counts when the client has taken its last bytes. */
  end(ending: Ending): void {
    if (!this.isLiving) return;
    this.isLiving = false;
    this.output.end();
    const settle = () => {
      if (this.output.readableLength > 0 && this.#waitsForClient()) setTimeout(settle, 5);
      else this.#end(ending);
    };
    settle();
  }

  #read(chunk: Buffer): void {
    this.#rest += chunk.toString('utf8');
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as Told;
      this.got.push(message);
      if (!this.script.isDeaf) this.#answer(message);
    }
  }

  #answer({ id, method, params }: Told): void {
    if (id === undefined || method === undefined) return;
    const answer = (result: object) => this.tell({ id, result });
    switch (method) {
      case 'thread/start':
      case 'thread/resume':
        return answer({ thread: thread(params.threadId ?? uuid(1, 1), { path: null }) });
      case 'turn/start':
        this.#turns += 1;
        return this.#runTurn(params.threadId, uuid(this.number * 100 + this.#turns, 2), answer);
      default:
        return answer({});
    }
  }

  #runTurn(threadId: string, id: string, answer: (result: object) => void): void {
    const turn = { id, status: 'inProgress', items: [], error: null };
    answer({ turn });
    this.tell({ method: 'turn/started', params: { threadId, turn } });
    const error = { message: 'You’ve hit your usage limit.', codexErrorInfo: 'usageLimitExceeded' };
    if (this.#turns > (this.script.turnsLeft ?? 99)) {
      this.tell(
        { method: 'error', params: { threadId, turnId: id, willRetry: false, error } },
        {
          method: 'turn/completed',
          params: { threadId, turn: { ...turn, status: 'failed', error } },
        },
      );
    } else if (this.script.isSlow !== true) {
      this.tell({
        method: 'turn/completed',
        params: { threadId, turn: { ...turn, status: 'completed' } },
      });
    }
  }
}

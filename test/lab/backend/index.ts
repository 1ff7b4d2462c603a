import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepForFailure } from '../artefacts.ts';
import { type Account, type AccountSpec, openAccount } from './accounts.ts';
import type { Answer, Script } from './answers.ts';
import { makeCertificates } from './certificates.ts';
import { createDeviceLogins } from './device-login.ts';
import { createHttpHandler, readBearer } from './http.ts';
import {
  createDeferredWrites,
  type DeferredWrites,
  listRequests,
  type RecordedRequest,
} from './records.ts';
import { nowSeconds, type Service, type Switches } from './service.ts';
import {
  type AuthJson,
  createTokenStore,
  type TokenStore,
  type TokenStoreOptions,
  toAuthJson,
} from './tokens.ts';
import { createResponsesSocket } from './websocket.ts';

export type { Account, AccountSpec } from './accounts.ts';
export type { Answer, Script } from './answers.ts';
export { type FailureKind, NAMED_BUCKET, PROMO_MESSAGE } from './failures.ts';
export { listRequests, type RecordedRequest } from './records.ts';
export type { AuthJson } from './tokens.ts';
export type { ToolCall } from './tool-calls.ts';
export type { Transport, TurnRequest } from './turn-request.ts';

export interface BackendOptions extends Partial<Switches>, TokenStoreOptions {
  accounts: AccountSpec[];
}

/** A fake ChatGPT backend on a random port of 127.0.0.1 (fact 1); nothing leaves the machine. */
export interface Backend {
  /** `https://127.0.0.1:PORT`: also the issuer for `--experimental_issuer`. */
  readonly origin: string;
  /** Path of ca.pem, for CODEX_CA_CERTIFICATE. */
  readonly caFile: string;
  readonly switches: Switches;
  readonly accounts: Account[];
  /** The account of that name; its fields may be changed at any time. Throws for an unknown name. */
  account(name: string): Account;
  /** Adds an account while the backend runs. */
  addAccount(spec: AccountSpec): Account;

  /** Queues answers, first in first out, for one account or for whoever asks next; a quota comes before them. */
  enqueue(answers: Answer | Answer[], account?: string): void;
  /** Answers every request that finds no queued answer; undefined (as result too): the default answer. */
  setScript(script: Script | undefined): void;

  /** Everything asked so far, oldest first. */
  readonly requests: RecordedRequest[];
  /** Requests for an answer of the model: no prewarming, no thread titles. */
  turns(account?: string): RecordedRequest[];
  waitForRequest: DeferredWrites['waitFor'];

  /** auth.json of a fresh login, known to this backend. `expiresInSeconds` is the life of its access token. */
  forgeAuth(account: string, options?: { expiresInSeconds?: number }): AuthJson;
  /** The next device-auth login is approved as this account. */
  expectLogin(account: string, options?: { pendingPolls?: number }): void;
  /** Logs an account out everywhere: its refreshes are refused, its access tokens get 401. */
  revokeAccount(account: string): void;
  /**
   * Keeps answers back until the function returned is called: to refreshes, whose tokens are spent all the same, or to
   * questions about usage.
   */
  hold(what: 'refreshes' | 'usage'): () => void;
  /** `counts` of refreshes, reuses and revoked families; `all()`: every token ever issued. */
  readonly tokens: Pick<TokenStore, 'counts' | 'all'>;
  readonly userCodes: string[];

  /** Hangs up on everybody. Throws what went wrong inside the backend itself, if anything did. */
  close(): Promise<void>;
}

export async function startBackend(options: BackendOptions): Promise<Backend> {
  const certificates = await makeCertificates();
  const directory = await mkdtemp(join(tmpdir(), 'codex-lab-'));
  const caFile = join(directory, 'ca.pem');
  await writeFile(caFile, certificates.ca);

  const service: Service = {
    origin: '',
    accounts: options.accounts.map((spec) => openAccount(spec, nowSeconds())),
    tokens: createTokenStore(options),
    records: createDeferredWrites(),
    logins: createDeviceLogins(),
    switches: {
      transport: options.transport ?? 'websocket',
      foreignReasoning: options.foreignReasoning ?? 'accept',
      refreshes: options.refreshes ?? 'answer',
      models: options.models ?? [],
    },
    queues: new Map(),
    script: undefined,
    held: {},
    faults: [],
  };

  const sockets = createResponsesSocket(service);
  const server = createServer(
    { cert: certificates.certificate, key: certificates.key },
    createHttpHandler(service),
  );
  server.on('upgrade', (message, socket, head) => {
    socket.on('error', () => socket.destroy());
    sockets.upgrade(message, socket, head, service.tokens.authenticate(readBearer(message)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  service.origin = `https://127.0.0.1:${address.port}`;

  keepForFailure('backend.txt', () => listRequests(service.records.requests));
  const account = (name: string) => {
    const found = service.accounts.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`no account ${name} in the lab`);
    return found;
  };
  return {
    origin: service.origin,
    caFile,
    switches: service.switches,
    accounts: service.accounts,
    account,
    addAccount(spec) {
      const added = openAccount(spec, nowSeconds());
      service.accounts.push(added);
      return added;
    },
    enqueue(answers, name) {
      const queue = service.queues.get(name) ?? [];
      service.queues.set(name, queue.concat(answers));
    },
    setScript(script) {
      service.script = script;
    },
    requests: service.records.requests,
    turns: (name) =>
      service.records.requests.filter(
        (request) =>
          request.turn?.purpose === 'turn' && (name === undefined || request.account === name),
      ),
    waitForRequest: service.records.waitFor,
    forgeAuth: (name, { expiresInSeconds } = {}) =>
      toAuthJson(account(name), service.tokens.issue(account(name), expiresInSeconds)),
    expectLogin: (name, loginOptions) => service.logins.expect(account(name), loginOptions),
    revokeAccount: (name) => service.tokens.revokeAccount(account(name)),
    hold(what) {
      let release: () => void = () => undefined;
      service.held[what] = new Promise<void>((resolve) => {
        release = resolve;
      });
      return () => {
        delete service.held[what];
        release();
      };
    },
    tokens: service.tokens,
    userCodes: service.logins.userCodes,
    async close() {
      sockets.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await rm(directory, { recursive: true, force: true });
      if (service.faults.length > 0) throw service.faults[0];
    },
  };
}

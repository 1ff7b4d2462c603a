import { describeWindows, isExhausted, RESERVE_MODEL, type Windows } from './accounts.ts';
import { type Answer, type ResponseEvent, streamAnswer } from './answers.ts';
import { findOwners } from './encrypted.ts';
import { describeFailure, type Failure, type FailureKind } from './failures.ts';
import { makeId } from './ids.ts';
import type { RecordedRequest } from './records.ts';
import { nowSeconds, type Service } from './service.ts';
import type { Json, TurnRequest } from './turn-request.ts';

/** How a turn is to be answered: refused before it starts, or a stream of events. */
export type Reply =
  | { kind: 'refused'; failure: Failure }
  | {
      kind: 'stream';
      events: AsyncGenerator<ResponseEvent>;
      responseId: string;
      output: Json[];
      /** As they were before this turn: the last good turn does not yet say 100 %. */
      windows: Windows;
    };

/** Thrown inside the event stream when the transport has to go dead without a word. */
export class DropStream extends Error {}

/** Decides what the model does with a request and keeps the account's count; settles `record` when done. */
export function answerTurn(service: Service, request: TurnRequest, record: RecordedRequest): Reply {
  service.records.understand(record, request);
  const windows = describeWindows(request.account, nowSeconds());
  const answer = chooseAnswer(service, request);
  if (answer.failure !== undefined) {
    const failure = describeFailure(answer.failure, request.account, nowSeconds());
    const outcome = { kind: 'failed', failure: answer.failure } as const;
    if (failure.delivery === 'refuse') {
      service.records.settle(record, outcome);
      return { kind: 'refused', failure };
    }
    const events = streamFailure(failure, answer.until, () =>
      service.records.settle(record, outcome),
    );
    return { kind: 'stream', events, responseId: makeId('resp'), output: [], windows };
  }
  if (request.purpose === 'turn') countTurn(request);
  const responseId = makeId('resp');
  const output: Json[] = [];
  const events = settleAtEnd(service, request, record, output, () =>
    streamAnswer(answer, request, responseId, output),
  );
  return { kind: 'stream', events, responseId, output, windows };
}

function chooseAnswer(service: Service, request: TurnRequest): Answer {
  if (request.purpose === 'prewarm') return {};
  const failure = findRefusal(service, request);
  if (failure !== undefined) return { failure };
  if (request.purpose === 'title') return { text: ['{"title":"Name the thread"}'] };
  return (
    service.queues.get(request.account.name)?.shift() ??
    service.queues.get(undefined)?.shift() ??
    service.script?.(request) ??
    {}
  );
}

function findRefusal(service: Service, request: TurnRequest): FailureKind | undefined {
  const { account } = request;
  if (service.switches.foreignReasoning === 'refuse') {
    const foreign = findOwners(request.input).some((owner) => owner !== account.name);
    if (foreign) return 'invalid-encrypted-content';
  }
  const isOnReserve = account.reserve && request.model === RESERVE_MODEL;
  if (!request.isContinuation && !isOnReserve && isExhausted(account, nowSeconds())) {
    return account.limit;
  }
  return undefined;
}

function countTurn(request: TurnRequest): void {
  request.account.turnsAnswered += 1;
  if (!request.isContinuation && request.model !== RESERVE_MODEL) request.account.turnsLeft -= 1;
}

async function* settleAtEnd(
  service: Service,
  request: TurnRequest,
  record: RecordedRequest,
  output: Json[],
  stream: () => AsyncGenerator<ResponseEvent>,
): AsyncGenerator<ResponseEvent> {
  let finished = false;
  try {
    for await (const event of stream()) {
      if (request.signal.aborted) return;
      record.answeredAt ??= Date.now();
      finished = event.type === 'response.completed';
      if (finished) {
        const text = output
          .flatMap((item) => (item.content as Json[] | undefined) ?? [])
          .map((part) => part.text)
          .join('');
        service.records.settle(
          record,
          request.purpose === 'prewarm' ? { kind: 'prewarmed' } : { kind: 'answered', text },
        );
      }
      yield event;
    }
  } finally {
    if (!finished) service.records.settle(record, { kind: 'aborted' });
  }
}

async function* streamFailure(
  failure: Failure,
  until: Promise<unknown> | undefined,
  settle: () => void,
): AsyncGenerator<ResponseEvent> {
  const id = makeId('resp');
  yield { type: 'response.created', response: { id } };
  await until;
  settle();
  if (failure.delivery === 'drop') throw new DropStream();
  yield { type: 'response.failed', response: { id, status: 'failed', error: failure.error } };
}

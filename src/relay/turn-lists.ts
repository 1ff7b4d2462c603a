import { readObject, readString } from '../codex/json.ts';
import type { IdMap } from './id-map.ts';

type Fields = Record<string, unknown>;

/**
 * A turn that went on under another account is two turns on record: the failed one and the one that went on. The client knows
 * one turn, so a list of turns shows one: with the first id, the items of both, and the end of the last. A page without the last
 * part shows no failure.
 * @param message the parsed answer of the server; it is changed. @param ids the continued turns.
 * @returns whether something was changed.
 */
export function joinContinuedTurns(message: Fields, ids: Names): boolean {
  const result = readObject(message.result);
  let joined = false;
  for (const place of placesOf(result)) {
    const turns = place.holder[place.field];
    if (!Array.isArray(turns)) continue;
    const list = joinTurns(turns, ids).map((turn) => hideFailure(turn, ids));
    if (list.length === turns.length && list.every((turn, at) => turn === turns[at])) continue;
    place.holder[place.field] = list;
    joined = true;
  }
  return joined;
}

type Names = Pick<IdMap, 'toKnown' | 'toCurrent'>;

/** A part that is not the last one has failed, but its turn went on. */
function hideFailure(turn: unknown, { toKnown, toCurrent }: Names): unknown {
  const known = knownIdOf(turn, toKnown);
  if (known === undefined || toCurrent(known) === idOf(turn)) return turn;
  return { ...readObject(turn), status: 'completed', error: null };
}

function placesOf(result: Fields | undefined): { holder: Fields; field: string }[] {
  const thread = readObject(result?.thread);
  const page = readObject(result?.initialTurnsPage);
  return [
    ...(thread === undefined ? [] : [{ holder: thread, field: 'turns' }]),
    ...(result === undefined ? [] : [{ holder: result, field: 'data' }]),
    ...(page === undefined ? [] : [{ holder: page, field: 'data' }]),
  ];
}

/** The parts of one turn stand side by side, in either direction. */
function joinTurns(turns: readonly unknown[], { toKnown }: Names): unknown[] {
  const list: unknown[] = [];
  for (const turn of turns) {
    const last = list.at(-1);
    const known = knownIdOf(turn, toKnown);
    if (known === undefined || knownIdOf(last, toKnown) !== known) {
      list.push(turn);
      continue;
    }
    // Ids of turns are UUIDs of version 7: a later turn has the larger id.
    const isLater = idOf(turn) > idOf(last);
    list[list.length - 1] = isLater ? joinTwo(last, turn) : joinTwo(turn, last);
  }
  return list;
}

function knownIdOf(turn: unknown, toKnown: IdMap['toKnown']): string | undefined {
  const id = readString(readObject(turn)?.id);
  return id === undefined ? undefined : toKnown(id);
}

function idOf(turn: unknown): string {
  return readString(readObject(turn)?.id) ?? '';
}

function joinTwo(earlier: unknown, later: unknown): Fields {
  const [first, last] = [readObject(earlier) ?? {}, readObject(later) ?? {}];
  const items = [first.items, last.items].flatMap((list) => (Array.isArray(list) ? list : []));
  return { ...last, items, startedAt: first.startedAt ?? last.startedAt };
}

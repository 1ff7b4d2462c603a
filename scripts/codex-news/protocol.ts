import { type Change, compareFacts, gatherCommon } from './facts.ts';
import { formatChanges, formatItems, type Section } from './report.ts';
import { listParts, type Protocol } from './schema.ts';

/** Compares two protocols: the methods, the types that we read, and the other types in short. Pure. */
export function compareProtocols(before: Protocol, after: Protocol): Section[] {
  const ours = new Set([
    ...listParts(TYPES_WE_READ, before.parts),
    ...listParts(TYPES_WE_READ, after.parts),
  ]);
  const changes = compareFacts(before.types, after.types);
  const read = formatChanges(changes.filter(({ name }) => ours.has(name)));
  const lost = TYPES_WE_READ.filter((name) => !after.types.has(name));
  return [
    {
      title: 'App-server: methods',
      lines: formatChanges(compareFacts(before.methods, after.methods)),
    },
    {
      title: 'App-server: types that src/codex reads',
      lines: read,
      lookAt: [
        ...(read.length > 0 ? [`${READER}: types that it reads changed, see below`] : []),
        ...lost.map((name) => `${READER}: the type ${name} is gone`),
      ],
    },
    {
      title: 'App-server: other types (new and gone methods are listed above)',
      lines: formatOthers(changes.filter(({ name }) => !ours.has(name))),
    },
  ];
}

/** The types of the replies to `account/read` and `account/rateLimits/read`, and of the errors in a thread's record. */
const TYPES_WE_READ = ['GetAccountResponse', 'GetAccountRateLimitsResponse', 'CodexErrorInfo'];
const READER = 'src/codex/account-reply.ts, rollout.ts';
/** A field that was added to more types than this is listed once. */
const MOST_TYPES = 3;
/** Of one type at most this many fields are listed. */
const MOST_ITEMS = 8;

function formatOthers(changes: readonly Change[]): string[] {
  const namesOf = (whole: Change['whole']) =>
    changes
      .filter((change) => change.whole === whole)
      .map(({ name }) => name)
      .filter((name) => !/(Params|Response|Notification)$/.test(name));
  const [gone, young] = [namesOf('gone'), namesOf('new')];
  const changed = changes.filter(({ whole }) => whole === undefined);
  return [
    ...(gone.length > 0 ? formatItems('- types', gone) : []),
    ...(young.length > 0 ? formatItems('+ types', young) : []),
    ...formatChanges(gatherCommon(changed, MOST_TYPES, 'types').map(shorten)),
  ];
}

function shorten(change: Change): Change {
  const cut = (items: string[]) => {
    // Of a new field only the field itself is listed.
    const heads = items.filter((item) => !items.some((head) => item.startsWith(`${head}.`)));
    if (heads.length <= MOST_ITEMS) return heads;
    return [...heads.slice(0, MOST_ITEMS), `and ${heads.length - MOST_ITEMS} more`];
  };
  return { ...change, added: cut(change.added), removed: cut(change.removed) };
}

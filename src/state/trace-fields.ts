import { hideSecrets } from './bug-report.ts';

/** A copy with nothing in it that could be of the conversation, or a secret. */
export function pickFields(value: unknown, depth = 0): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return {};
  const picked: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    if (typeof field === 'object' && field !== null) {
      if (PARTS.has(key) && depth < 3) picked[key] = pickPart(field, depth + 1);
    } else if (FIELDS.has(key)) {
      picked[key] = typeof field === 'string' ? wordOf(field) : scalarOf(field);
    }
  }
  return picked;
}

/** The text if it is one word: more could be anything. Else how long it is. */
export function wordOf(text: string): string {
  const isWord = /^[\w.:+-]{1,64}$/.test(text) && hideSecrets(text) === text;
  return isWord ? text : `(${text.length} characters)`;
}

/** What may stand in a trace of an event, an effect or facts: fields of these names, if they hold a number, a switch or a word. */
const FIELDS = new Set(
  (
    'name do kind type how mode source cause reason refusal outcome status before target to from shows id thread threadId turnId ' +
    'copyOf launch slot pid signal number code attempt handoffs waits accounts until at left minutes usedPercent milliseconds ' +
    'slackSeconds waitSeconds count bytes isIdle isBack isUrgent isForcedLogin isInteractive pending'
  ).split(' '),
);
/** Fields that hold more of them. */
const PARTS = new Set(
  'ending thread mark proof room awaited earliest evidence event failure copy windows'.split(' '),
);

function pickPart(part: object, depth: number): unknown {
  return Array.isArray(part)
    ? part.slice(0, 8).map((item) => pickFields(item, depth))
    : pickFields(part, depth);
}

function scalarOf(field: unknown): number | boolean | undefined {
  return typeof field === 'number' || typeof field === 'boolean' ? field : undefined;
}

import { hideSecrets } from './bug-report.ts';

/** Copies known fields that are a number, a boolean or one word. The copy has no text of the conversation and no secret. */
export function pickFields(value: unknown, depth = 0): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value ?? {})) {
    if (typeof field === 'object' && field !== null) {
      if (!PARTS.has(key) || depth >= 3) continue;
      const pick = (part: unknown) => pickFields(part, depth + 1);
      picked[key] = Array.isArray(field) ? field.slice(0, 8).map(pick) : pick(field);
    } else if (FIELDS.has(key)) {
      if (typeof field === 'string') picked[key] = wordOf(field);
      if (typeof field === 'number' || typeof field === 'boolean') picked[key] = field;
    }
  }
  return picked;
}

/** The text if it is one word, otherwise its length: several words could be of the conversation. */
export function wordOf(text: string): string {
  const isWord = /^[\w.:+-]{1,64}$/.test(text) && hideSecrets(text) === text;
  return isWord ? text : `(${text.length} characters)`;
}

/** The fields of an event, an effect or facts that may stand in a trace. */
const FIELDS = new Set(
  (
    'name do kind type how mode source cause reason refusal outcome status before target to from shows id thread threadId turnId ' +
    'copyOf launch slot pid signal number code attempt handoffs waits accounts until at left minutes usedPercent milliseconds ' +
    'slackSeconds waitSeconds count bytes isIdle isBack isUrgent isFinal isInteractive pending hasToldError'
  ).split(' '),
);
/** The fields that hold an object with such fields. */
const PARTS = new Set(
  'ending thread mark proof room awaited earliest evidence event failure copy windows'.split(' '),
);

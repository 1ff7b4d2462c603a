import { compareFacts, type Facts } from './facts.ts';
import { formatChanges, type Section } from './report.ts';

/** Reads `codex features list`: under a stage and a default, such as `stable, on`, the names of the features. Pure. */
export function parseFeatureList(list: string): Facts {
  const facts = new Map<string, string[]>();
  for (const line of list.split('\n')) {
    const match = /^(\w+)\s{2,}(\S.*?)\s+(true|false)\s*$/.exec(line);
    if (match === null) continue;
    const [, name = '', stage, value] = match;
    const group = `${stage}, ${value === 'true' ? 'on' : 'off'}`;
    facts.set(group, [...(facts.get(group) ?? []), name]);
  }
  return facts;
}

/**
 * Compares the features of two releases. A feature with a new stage or default is removed from one group and added to another.
 * Pure.
 * @param overrides the source of src/launch/overrides.ts, which switches some features off.
 */
export function compareFeatures(before: Facts, after: Facts, overrides: string): Section {
  const changes = compareFacts(before, after);
  // First the features that are on by default, because they change sessions.
  const isOn = ({ name }: { name: string }) => name.endsWith(', on');
  const sorted = [...changes.filter(isOn), ...changes.filter((change) => !isOn(change))];
  // The switch of a feature whose stage is `removed` does nothing.
  const live = changes.filter(({ name }) => !name.startsWith('removed'));
  const wasOn = changes.filter(isOn).flatMap(({ removed }) => removed);
  const nowOn = live.filter(isOn).flatMap(({ added }) => added);
  const nowOff = live.filter((change) => !isOn(change)).flatMap(({ added }) => added);
  const changed = changes.flatMap(({ added, removed }) => [...added, ...removed]);
  const ours = [...new Set(changed)].filter((name) => new RegExp(`\\b${name}\\b`).test(overrides));
  const say = (what: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`src/launch/overrides.ts: ${what}: ${[...names].sort().join(', ')}`];
  return {
    title: 'Features (stage, default)',
    lines: formatChanges(sorted.map(({ whole: _, ...change }) => change)),
    lookAt: [
      ...say('names a feature that changed', ours),
      ...say(
        'may have to switch off what is on by default now',
        nowOn.filter((name) => !wasOn.includes(name)),
      ),
      ...say(
        'off by default now',
        nowOff.filter((name) => wasOn.includes(name)),
      ),
    ],
  };
}

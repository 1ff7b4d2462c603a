import { attempt } from '../../state/attempt.ts';
import { readConfig } from '../../state/config.ts';
import type { Context } from '../context.ts';
import { describeRule, listRuleFaults, reportRules, tellHere } from '../look/rule-report.ts';
import { type Finding, issue, note, ok } from './finding.ts';

/** The rules by directory. A broken configuration is reported by the check of the accounts. */
export function checkRules(context: Context): Finding[] {
  const config = attempt(() => readConfig(context.paths));
  if (config === undefined) return [];
  const reports = reportRules(config);
  const faults = listRuleFaults(context, config, reports);
  const here = attempt(() => tellHere(context, config));
  return [
    ...reports.flatMap((rule) => {
      const text = `rule for ${describeRule(rule, context)}`;
      if (!rule.exists) return [note(`${text}; there is no such directory yet`)];
      return rule.unknown.length > 0 ? [] : [ok(text)];
    }),
    ...faults.map((fault) => issue(fault)),
    ...(here === undefined || faults.some((fault) => here.includes(fault)) ? [] : [note(here)]),
  ];
}

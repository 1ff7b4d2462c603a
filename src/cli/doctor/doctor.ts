import { Command, Option } from 'commander';
import { describeError } from '../../errors.ts';
import { toPlainJson } from '../../plain-text.ts';
import { type Context, readReconciledConfig } from '../context.ts';
import { type AreaFinding, examine } from './examine.ts';
import { type Finding, formatFinding } from './finding.ts';
import { printReport } from './report.ts';

interface DoctorOptions {
  json?: boolean;
  fix?: boolean;
  report?: boolean;
}

export function doctorCommand(context: Context): Command {
  return new Command('doctor')
    .description(
      'check the installation, the directories and every login; exit status 1 if something is wrong',
    )
    .option('--json', 'as JSON')
    .option('--fix', 'mend what can be mended without a loss, then check')
    .addOption(
      new Option(
        '--report',
        'print a text for an issue: versions, settings, findings, the last events; names and paths are replaced',
      ).conflicts(['json', 'fix']),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  codex-hotswap doctor --fix || echo "it needs a hand"\n  codex-hotswap doctor --report' +
        '\n\nTo record every step of one session: CODEX_HOTSWAP_DEBUG=trace.jsonl codex, then codex-hotswap explain trace.jsonl',
    )
    .action(async ({ json, fix, report }: DoctorOptions) => {
      if (report) return printReport(context);
      // A broken configuration is reported by the checks below.
      await readReconciledConfig(context).catch(() => undefined);
      const fixed = fix ? await mend(context) : [];
      const findings = await examine(context);
      const isWell = json
        ? printJson(context, findings, fixed)
        : printFindings(context, findings, fixed);
      if (!isWell) process.exitCode = 1;
    });
}

/** Prints the findings. Returns whether none of them is an issue. */
export function printFindings(
  { say }: Context,
  findings: readonly Finding[],
  fixed: readonly string[] = [],
): boolean {
  for (const done of fixed) say(`fixed  ${done}`);
  for (const finding of findings) say(formatFinding(finding));
  const issues = findings.filter(({ severity }) => severity === 'issue');
  say('');
  say(issues.length === 0 ? 'doctor status: ok' : 'doctor status: issues found');
  for (const { text } of issues) say(`- ${text}`);
  if (findings.some(({ fix }) => fix !== undefined)) {
    say('to mend some of it at once: codex-hotswap doctor --fix');
  }
  return issues.length === 0;
}

/** The shape of `doctor --json`; keys are only ever added. */
function printJson({ say }: Context, findings: readonly AreaFinding[], fixed: string[]): boolean {
  const isWell = findings.every(({ severity }) => severity !== 'issue');
  const listed = findings.map(({ area, severity, text, fix }) => ({
    area,
    level: severity,
    text,
    fixable: fix !== undefined,
  }));
  say(toPlainJson({ version: 1, ok: isWell, fixed, findings: listed }, 2));
  return isWell;
}

/** Runs the fixes, up to three times: plain codex gets a link to a login only after another fix has made the login private. */
async function mend(context: Context): Promise<string[]> {
  const fixed = new Set<string>();
  for (let round = 0; round < 3; round++) {
    const before = fixed.size;
    for (const { fix } of await examine(context)) {
      if (fix === undefined || fixed.has(fix.done)) continue;
      try {
        await fix.run();
        fixed.add(fix.done);
      } catch (error) {
        context.warn(`could not be mended: ${describeError(error).text}`);
      }
    }
    if (fixed.size === before) break;
  }
  return [...fixed];
}

import { Command } from 'commander';
import type { Context } from './context.ts';
import { checkAccounts } from './doctor-accounts.ts';
import { checkInstallation } from './doctor-installation.ts';
import { checkStorage } from './doctor-storage.ts';
import type { Finding } from './finding.ts';

export function doctorCommand(context: Context): Command {
  return new Command('doctor')
    .description(
      'check the installation, the directories and every login; exit status 1 if something is wrong',
    )
    .addHelpText('after', '\nExample:\n  codex-hotswap doctor || echo "something needs a hand"')
    .action(async () => {
      if (!tellFindings(context, await examine(context))) process.exitCode = 1;
    });
}

/** Looks at everything. */
export async function examine(context: Context): Promise<Finding[]> {
  return [
    ...(await checkInstallation(context)),
    ...checkStorage(context),
    ...checkAccounts(context),
  ];
}

/** Prints what was found. Returns whether all is well. */
export function tellFindings({ say }: Context, findings: readonly Finding[]): boolean {
  for (const { level, text } of findings) say(`${level.padEnd(5)}  ${text}`);
  const issues = findings.filter(({ level }) => level === 'issue');
  say('');
  say(issues.length === 0 ? 'doctor status: ok' : 'doctor status: issues found');
  for (const { text } of issues) say(`- ${text}`);
  return issues.length === 0;
}

import { Command } from 'commander';
import type { Context } from './context.ts';
import { checkAccounts } from './doctor-accounts.ts';
import { checkInstallation } from './doctor-installation.ts';
import { checkStorage } from './doctor-storage.ts';

export function doctorCommand(context: Context): Command {
  return new Command('doctor')
    .description(
      'check the installation, the directories and every login; exit status 1 if something is wrong',
    )
    .addHelpText('after', '\nExample:\n  codex-hotswap doctor || echo "something needs a hand"')
    .action(async () => {
      const findings = [
        ...(await checkInstallation(context)),
        ...checkStorage(context),
        ...checkAccounts(context),
      ];
      for (const { level, text } of findings) context.say(`${level.padEnd(5)}  ${text}`);
      const issues = findings.filter(({ level }) => level === 'issue');
      context.say('');
      if (issues.length === 0) return context.say('doctor status: ok');
      context.say('doctor status: issues found');
      for (const { text } of issues) context.say(`- ${text}`);
      process.exitCode = 1;
    });
}

#!/usr/bin/env node
// The management command.
import module from 'node:module';
import { describeError } from '../errors.ts';
import { catchUncaught, ignoreStderrErrors } from '../state/uncaught-errors.ts';

(module as { enableCompileCache?: () => void }).enableCompileCache?.(); // Node >= 22.8
ignoreStderrErrors();
catchUncaught((error) => {
  const { text, exitStatus } = describeError(error);
  process.stderr.write(`${text}\n`);
  process.exit(exitStatus);
});
void import('../cli/program.ts')
  .then(({ runCli }) => runCli(process.argv.slice(2)))
  .then((status) => {
    process.exitCode = status;
  });

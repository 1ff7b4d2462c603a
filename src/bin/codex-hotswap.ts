#!/usr/bin/env node
// The management command.
import module from 'node:module';

(module as { enableCompileCache?: () => void }).enableCompileCache?.(); // Node >= 22.8
void import('../cli/program.ts')
  .then(({ runCli }) => runCli(process.argv.slice(2)))
  .then((status) => {
    process.exitCode = status;
  });

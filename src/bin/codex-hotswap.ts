#!/usr/bin/env node
// The management command.
import module from 'node:module';

(module as { enableCompileCache?: () => void }).enableCompileCache?.(); // Node >= 22.8
const { runCli } = await import('../cli/program.ts');
process.exitCode = await runCli(process.argv.slice(2));

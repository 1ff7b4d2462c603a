#!/usr/bin/env node
// A supervised codex without the shim. It works also while the shim is off.
import { start } from './start.ts';

const args = process.argv.slice(2);
// Our only option, and only as the first word. The real codex has no --wait.
const wait = args[0] === '--wait';
void start(undefined, wait ? args.slice(1) : args, { wait });

#!/usr/bin/env node
// A supervised codex without the shim: works even while the shim is off.
import { start } from './start.ts';

const args = process.argv.slice(2);
// The one option of ours, and only as the first word: the real codex has none of that name.
const wait = args[0] === '--wait';
void start(undefined, wait ? args.slice(1) : args, { wait });

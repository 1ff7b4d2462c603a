#!/usr/bin/env node
// A supervised codex without the shim: works even while the shim is off.
import { start } from './start.ts';

void start(undefined, process.argv.slice(2));

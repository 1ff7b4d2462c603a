// The shim starts this program: `launch.js <path of the real codex> <codex arguments…>`.
import { start } from './start.ts';

const [real, ...args] = process.argv.slice(2);
void start(real || undefined, args);

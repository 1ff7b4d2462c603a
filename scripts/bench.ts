// npm run bench [-- name…]: measures the budgets of the design, each beside its rival in one run. Absolute times depend on
// the machine and its load; the ratios of alternating runs do not. The exit status is 0 also when a budget is missed.
import { bench as appServer } from './bench/app-server.ts';
import { bench as echo } from './bench/echo.ts';
import { bench as events } from './bench/events.ts';
import { bench as handoff } from './bench/handoff.ts';
import { bench as memory } from './bench/memory.ts';
import { bench as rotations } from './bench/rotations.ts';
import { bench as shim } from './bench/shim.ts';
import { bench as start } from './bench/start.ts';
import { bench as status } from './bench/status.ts';
import { formatTable, type Row } from './bench/table.ts';
import { bench as throughput } from './bench/throughput.ts';
import { makeWorkshop } from './bench/workshop.ts';

const BENCHES = {
  shim,
  start,
  echo,
  throughput,
  events,
  handoff,
  memory,
  rotations,
  status,
  'app-server': appServer,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(
    `bench: no bench ${unknown.join(', ')}; there are: ${Object.keys(BENCHES).join(' ')}`,
  );
  process.exit(2);
}

const rows: Row[] = [];
const began = Date.now();
const workshop = await makeWorkshop();
process.once('SIGINT', () => void workshop.close().finally(() => process.exit(130)));
try {
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (names.length > 0 && !names.includes(name)) continue;
    process.stderr.write(`${name} …`);
    const start = Date.now();
    rows.push(...(await bench(workshop).catch((error) => [failed(name, error)])));
    process.stderr.write(` ${((Date.now() - start) / 1000).toFixed(0)} s\n`);
  }
} finally {
  await workshop.close();
}
console.log(`\n${formatTable(rows)}`);
console.log(
  `\nNode ${process.versions.node}, Codex ${workshop.codexVersion}, ${process.platform} ${process.arch}; ` +
    `medians; ${((Date.now() - began) / 1000).toFixed(0)} s in all`,
);

function failed(name: string, error: unknown): Row {
  console.error(error);
  return { what: name, ours: 'failed', rival: '', ratio: '', budget: '', verdict: 'MISS' };
}

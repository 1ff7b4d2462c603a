import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AccountSpec, type Backend, startBackend } from '../../test/lab/backend/index.ts';
import { codexUnderTest } from '../../test/lab/codex-under-test.ts';
import { makeSandbox, type Sandbox } from '../../test/lab/sandbox.ts';

/** Makes the homes in which the benches measure. */
export interface Workshop {
  readonly codexVersion: string;
  /** The native binary behind the npm launcher. */
  readonly nativeCodex: string;
  /** A sandboxed HOME in which hotswap is set up and every account is logged in, with the shim first on PATH. */
  openBench(options?: BenchOptions): Promise<Bench>;
  close(): Promise<void>;
}

export interface BenchOptions {
  accounts?: AccountSpec[];
  /** The program `codex` behind the shim on PATH. Default: the npm launcher. */
  codex?: string;
}

export interface Bench {
  readonly box: Sandbox;
  readonly backend: Backend;
  /** The installed shim. */
  readonly shim: string;
  hotswap(...args: string[]): Promise<string>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The benches measure a copy of the build, because a build may run at the same time. */
export async function makeWorkshop(): Promise<Workshop> {
  const copy = join(ROOT, '.cache', 'bench', String(process.pid));
  await mkdir(copy, { recursive: true });
  for (const part of ['dist', 'shim', 'package.json']) {
    await cp(join(ROOT, part), join(copy, part), { recursive: true });
  }
  const open: Bench[] = [];

  return {
    codexVersion: codexUnderTest.version,
    nativeCodex: codexUnderTest.native,
    async openBench({ accounts = [{ name: 'acc1' }, { name: 'acc2' }], codex } = {}) {
      const backend = await startBackend({ accounts });
      const box = await makeSandbox({
        backend,
        accounts: accounts.map(({ name }) => name),
        // Codex's own reminder near a limit would cover the composer (fact 73).
        config: 'notice.hide_rate_limit_model_nudge = true',
        ...(codex === undefined ? {} : { codex }),
      });
      await symlink(join(copy, 'dist/bin/codex-hotswap.js'), join(box.realBin, 'codex-hotswap'));
      const hotswap: Bench['hotswap'] = async (...args) => {
        const { status, stdout, stderr } = await box.run('/usr/bin/env', [
          'codex-hotswap',
          ...args,
        ]);
        if (status !== 0) throw new Error(`codex-hotswap ${args.join(' ')}: ${stderr}`);
        return stdout;
      };
      const names = accounts.map(({ name }) => name).join(',');
      const shim = join(box.bin, 'codex');
      await hotswap('setup', '--force', '--accounts', names, '--shim-path', shim);
      const bench = { box, backend, hotswap, shim };
      open.push(bench);
      return bench;
    },
    async close() {
      for (const { box, backend } of open.splice(0)) {
        await box.dispose().catch((error: Error) => console.error(error.message));
        await backend.close();
      }
      await rm(copy, { recursive: true, force: true });
      await rm(dirname(copy), { recursive: false }).catch(() => {}); // fails while another run uses it
    },
  };
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIRECTORY = fileURLToPath(new URL('../../.cache/artefacts', import.meta.url));

interface Artefact {
  name: string;
  read(): string;
}

let artefacts: Artefact[] = [];
/** How many of them are of the whole file: opened in its `beforeAll`. */
let lasting = 0;

/**
 * Has something kept if the test that runs now fails: a screen, a log.
 * @param read its text. Asked at the end of the test at the latest.
 * @returns `freeze`: to be called before what `read` reads is gone.
 */
export function keepForFailure(name: string, read: () => string): () => void {
  const artefact = { name, read };
  artefacts.push(artefact);
  return () => {
    const text = readSafely(artefact);
    artefact.read = () => text;
  };
}

/**
 * Writes what was kept of a failed test into a directory of its own.
 * @returns the directory; undefined when there was nothing.
 */
export function writeArtefacts(file: string, test: string): string | undefined {
  if (artefacts.length === 0) return undefined;
  const name = `${file} ${test}`.replace(/[^\w.-]+/g, '-').slice(0, 120);
  const directory = join(DIRECTORY, `${name}-${Date.now()}`);
  mkdirSync(directory, { recursive: true });
  for (const [index, artefact] of artefacts.entries()) {
    writeFileSync(join(directory, `${index}-${artefact.name}`), readSafely(artefact));
  }
  return directory;
}

/** The texts that are kept under that name now. */
export function readArtefacts(name: string): string[] {
  return artefacts.filter((artefact) => artefact.name === name).map(readSafely);
}

/** What is there before a test begins outlives the test. */
export function beginTest(): void {
  lasting = artefacts.length;
}

export function endTest(): void {
  artefacts = artefacts.slice(0, lasting);
}

function readSafely({ name, read }: Artefact): string {
  try {
    return read();
  } catch (error) {
    return `${name} could not be read: ${(error as Error).message}\n`;
  }
}

import { afterEach } from 'vitest';
import { forgetArtefacts, writeArtefacts } from './artefacts.ts';

// A set-up file of vitest: after a failed test its screens and logs are in `.cache/artefacts`. Its hook is the first one
// registered and so the last one run: what a test file's own hooks throw away was frozen before.
afterEach(({ task }) => {
  if (task.result?.state === 'fail') {
    const directory = writeArtefacts(task.file.name, task.name);
    if (directory !== undefined) console.log(`kept of the failed test: ${directory}`);
  }
  forgetArtefacts();
});

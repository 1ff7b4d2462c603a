import { afterEach, beforeEach } from 'vitest';
import { beginTest, endTest, readArtefacts, writeArtefacts } from './artefacts.ts';

// A set-up file of vitest: after a failed test its screens and logs are in `.cache/artefacts`. Its hooks are registered first.
// So `beforeEach` is the first of its kind that runs, and `afterEach` the last: what a file's own hooks throw away was frozen.
beforeEach(beginTest);
afterEach(({ task }) => {
  if (task.result?.state === 'fail') {
    const directory = writeArtefacts(task.file.name, task.name);
    if (directory !== undefined) console.log(`kept of the failed test: ${directory}`);
    // Where only the output of the run can be read, the event log is what explains a failure.
    for (const events of readArtefacts('events.jsonl')) console.log(`events:\n${events}`);
  }
  endTest();
});

// Loaded into our launcher by `--require`: as soon as $HOME/throw is there, an exception that nobody catches; as soon as
// $HOME/reject is there, a rejection that nobody handles.
'use strict';
const { existsSync } = require('node:fs');
const { basename, join } = require('node:path');

if (['launch.js', 'codex-hotswap.js'].includes(basename(process.argv[1] ?? ''))) {
  const at = (name) => join(process.env.HOME, name);
  const thrown = new Set();
  const look = () => {
    for (const name of ['throw', 'reject']) {
      if (thrown.has(name) || !existsSync(at(name))) continue;
      thrown.add(name);
      if (name === 'reject') void Promise.reject(new TypeError('rejected on purpose'));
      else throw new TypeError('thrown on purpose');
    }
  };
  setInterval(look, 5).unref();
}

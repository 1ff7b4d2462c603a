// Reads an esbuild metafile.

/** The names of the npm packages with code in an output, sorted. */
export function findInlinedPackages(metafile) {
  const names = new Set();
  for (const output of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const name = packageOf(input);
      if (name !== undefined && bytesInOutput > 0) names.add(name);
    }
  }
  return [...names].sort();
}

/** One line for each forbidden package that `sources` load without a dynamic import in between. */
export function findForbiddenImports(metafile, sources, forbidden) {
  const problems = [];
  for (const source of sources) {
    const output = Object.keys(metafile.outputs).find(
      (file) => source in metafile.outputs[file].inputs,
    );
    if (output === undefined) continue;
    for (const file of staticClosure(metafile, output)) {
      for (const input of Object.keys(metafile.outputs[file].inputs)) {
        const name = packageOf(input);
        if (name !== undefined && forbidden.includes(name)) {
          problems.push(`${source} loads ${name} (${input}) at start; import it lazily`);
        }
      }
    }
  }
  return [...new Set(problems)];
}

/** One line for each of our own files below `late` that `sources` load without a dynamic import in between. */
export function findEagerSources(metafile, sources, late) {
  const seen = new Set(sources);
  for (const file of seen) {
    for (const { path, kind } of metafile.inputs[file]?.imports ?? []) {
      if (kind !== 'dynamic-import') seen.add(path);
    }
  }
  return [...seen]
    .filter((file) => late.some((folder) => file.startsWith(folder)))
    .map((file) => `${file} is loaded at start; import it lazily`);
}

function staticClosure(metafile, start) {
  const seen = new Set([start]);
  for (const file of seen) {
    for (const { path, kind, external } of metafile.outputs[file].imports) {
      if (kind !== 'dynamic-import' && !external) seen.add(path);
    }
  }
  return seen;
}

/** `node_modules/a/node_modules/@b/c/index.js` → `@b/c`; undefined for a file of our own. */
function packageOf(input) {
  const at = input.lastIndexOf('node_modules/');
  if (at === -1) return undefined;
  const [scope, name] = input.slice(at + 'node_modules/'.length).split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

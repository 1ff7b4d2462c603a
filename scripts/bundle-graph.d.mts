export function findEagerSources(
  metafile: { inputs: Record<string, { imports: { path: string; kind: string }[] }> },
  sources: readonly string[],
  late: readonly string[],
): string[];

import type { Facts } from './facts.ts';

/** The app-server's protocol, from its JSON schema. */
export interface Protocol {
  /** The names of the methods, by direction. */
  methods: Facts;
  /** The fields (`a.b` for an inner field) and the values (in quotes), by type. */
  types: Facts;
  /** The types that a type refers to, by type. */
  parts: Facts;
}

/** Reads `codex_app_server_protocol.schemas.json`, the schema with all definitions. Pure. */
export function readProtocol(schema: Json): Protocol {
  const { v2, ...v1 } = record(record(schema)?.definitions) ?? {};
  const methods = new Map<string, string[]>();
  const types = new Map<string, string[]>();
  const parts = new Map<string, string[]>();
  // A few types are in v1 and v2.
  for (const [name, definition] of [...Object.entries(v1), ...Object.entries(record(v2) ?? {})]) {
    const found: Found = { items: [], parts: [] };
    collectItems(definition, '', found);
    const direction = DIRECTIONS[name];
    if (direction !== undefined) {
      methods.set(direction, listMethods(definition));
    } else {
      types.set(name, [...(types.get(name) ?? []), ...found.items]);
      parts.set(name, [...(parts.get(name) ?? []), ...found.parts]);
    }
  }
  return { methods, types, parts };
}

/** These types, and all types that they refer to. Pure. */
export function listParts(roots: readonly string[], parts: Facts): Set<string> {
  const reached = new Set<string>();
  const visit = (name: string) => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const part of parts.get(name) ?? []) visit(part);
  };
  for (const root of roots) visit(root);
  return reached;
}

type Json = unknown;
interface Found {
  items: string[];
  parts: string[];
}

const DIRECTIONS: Record<string, string> = {
  ClientRequest: 'requests of the client',
  ClientNotification: 'notifications of the client',
  ServerRequest: 'requests of the server',
  ServerNotification: 'notifications of the server',
};

function listMethods(definition: Json): string[] {
  const variants = record(definition)?.oneOf;
  return (Array.isArray(variants) ? variants : []).flatMap((variant) =>
    readEnum(record(record(variant)?.properties)?.method),
  );
}

/** Adds the fields and values of a schema to `found`. @param path the path of its field, with a dot at the end. */
function collectItems(schema: Json, path: string, found: Found): void {
  const node = record(schema);
  if (node === undefined) return;
  const reference = /([^/]+)$/.exec(typeof node.$ref === 'string' ? node.$ref : '')?.[1];
  if (reference !== undefined) found.parts.push(reference);
  const properties = record(node.properties) ?? {};
  // The field with only one value names a variant. Usually that field is `type`.
  const tag = Object.values(properties)
    .map(readEnum)
    .find((values) => values.length === 1)?.[0];
  const base = tag === undefined ? path : `${path}${tag}.`;
  for (const value of readEnum(node)) found.items.push(`${path}"${value}"`);
  for (const [name, property] of Object.entries(properties)) {
    const isTag = tag !== undefined && readEnum(property)[0] === tag;
    found.items.push(isTag ? `${path}"${tag}"` : `${base}${name}`);
    if (!isTag) collectItems(property, `${base}${name}.`, found);
  }
  for (const key of ['oneOf', 'anyOf', 'allOf']) {
    const variants = node[key];
    for (const variant of Array.isArray(variants) ? variants : [])
      collectItems(variant, path, found);
  }
  for (const key of ['items', 'additionalProperties']) collectItems(node[key], path, found);
}

function readEnum(schema: Json): string[] {
  const node = record(schema);
  const values = node?.const === undefined ? node?.enum : [node.const];
  return Array.isArray(values) ? values.map(String) : [];
}

function record(value: Json): Record<string, Json> | undefined {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, Json>) : undefined;
}

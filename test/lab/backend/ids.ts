/** An id as the Responses API makes them: `msg_…`, `rs_…`, `call_…`. */
export function makeId(prefix: string): string {
  return `${prefix}_${crypto.randomUUID().replaceAll('-', '')}`;
}

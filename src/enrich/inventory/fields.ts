/** Resources as plain objects, and how their fields are read. */
export interface InventoryResource {
  /** Lower case: `microsoft.network/networkinterfaces`. */
  readonly type: string;
  readonly id: string;
  readonly body: Fields;
}

/** Read by `field`, whatever the casing of its keys. */
export type Fields = Readonly<Record<string, unknown>>;

/** A field of an object or of its `properties`, which az leaves out. */
export function field(body: unknown, name: string): unknown {
  const own = keyed(body, name);
  if (own !== undefined && own !== null) return own;
  const inner = keyed(body, 'properties');
  return inner === undefined ? undefined : keyed(inner, name);
}

function keyed(of: unknown, name: string): unknown {
  if (typeof of !== 'object' || of === null || Array.isArray(of)) return undefined;
  const object = of as Fields;
  if (Object.hasOwn(object, name)) return object[name];
  const key = Object.keys(object).find((one) => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : object[key];
}

/** '' for anything but a text. */
export function text(body: unknown, ...names: readonly string[]): string {
  const value = names.reduce<unknown>((at, name) => field(at, name), body);
  return typeof value === 'string' ? value : '';
}

export function list(body: unknown, ...names: readonly string[]): readonly unknown[] {
  const value = names.reduce<unknown>((at, name) => field(at, name), body);
  return Array.isArray(value) ? value : [];
}

/** Ids of a list of references. */
export function ids(body: unknown, ...names: readonly string[]): string[] {
  return list(body, ...names).map((one) => text(one, 'id'));
}

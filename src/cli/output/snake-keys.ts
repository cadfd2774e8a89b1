/**
 * A value with keys in snake_case, as all JSON that nsgflow names itself has them. Keys that are values of the data, such as reasons
 * (`no-nic`) and names with spaces, stay.
 */
export function snakeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [snakeName(key), snakeKeys(item)]));
}

/** `newBlobs` → `new_blobs`. */
export function snakeName(name: string): string {
  return /^[a-z][A-Za-z\d]*$/.test(name) ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name;
}

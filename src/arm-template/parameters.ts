/** Parameters files: `{"parameters": {"name": {"value": …}}}`, or only the inner object. */
import { FlowError } from '../base/errors.ts';
import { readJson } from './read-json.ts';
import type { Json, Value } from './value.ts';
import { getProperty, isObject } from './value.ts';

/**
 * Values by name in lower case. References to a key vault have no value here and are left out.
 * @throws network-invalid
 */
export function readParameters(text: string, file: string): Map<string, Value> {
  const json: Json = readJson(text, file);
  if (!isObject(json)) throw new FlowError('network-invalid', `${file}: a parameters file must contain an object`);
  const inner = getProperty(json, 'parameters');
  return parameterValues(isObject(inner) ? inner : json);
}

/** The values of `{"name": {"value": …}}`; a plain value is used directly. */
export function parameterValues(parameters: Value): Map<string, Value> {
  const values = new Map<string, Value>();
  if (!isObject(parameters)) return values;
  for (const name of Object.keys(parameters)) {
    const entry = parameters[name];
    if (name === '$schema' || name === 'contentVersion') continue;
    if (!isObject(entry)) values.set(name.toLowerCase(), entry);
    else if (Object.hasOwn(entry, 'value')) values.set(name.toLowerCase(), entry['value']);
  }
  return values;
}

/** Functions for texts. Source: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string */
import { limits } from '../base/limits.ts';
import type { Call, FunctionTable } from './call.ts';
import { bounded, define, integer, list, plainText, searched, text, values, wrongArgument } from './call.ts';
import { templateGuid, uniqueString } from './hash.ts';
import { jsonText } from './json-text.ts';
import { readJson } from './read-json.ts';
import type { Value } from './value.ts';
import { TemplateProblem, isArray } from './value.ts';

export const textFunctions: FunctionTable = {
  base64: define(1, 1, (call) => Buffer.from(text(call, 0), 'utf8').toString('base64')),
  base64tojson: define(1, 1, (call) => parseJson(call, Buffer.from(text(call, 0), 'base64').toString('utf8'))),
  base64tostring: define(1, 1, (call) => Buffer.from(text(call, 0), 'base64').toString('utf8')),
  datauri: define(
    1,
    1,
    (call) => `data:text/plain;charset=utf8;base64,${Buffer.from(text(call, 0), 'utf8').toString('base64')}`,
  ),
  datauritostring: define(1, 1, (call) => {
    const match = /^data:[^,]*?(;base64)?,(.*)$/s.exec(text(call, 0));
    if (match === null) throw wrongArgument(call, 0, 'a data URI');
    return match[1] === undefined ? decodeComponent(call, match[2]) : Buffer.from(match[2], 'base64').toString('utf8');
  }),
  endswith: define(2, 2, (call) => text(call, 0).toLowerCase().endsWith(text(call, 1).toLowerCase())),
  format: define(1, Infinity, formatText),
  guid: define(1, Infinity, (call) => templateGuid(values(call).map((_, index) => plainText(call, index)))),
  join: define(2, 2, (call) => {
    const parts = list(call, 0).map((item) => (typeof item === 'string' ? item : jsonText(item, call)));
    return joinParts(call, parts, text(call, 1));
  }),
  json: define(1, 1, (call) => parseJson(call, text(call, 0))),
  padleft: define(2, 3, (call) => {
    const fill = call.count > 2 ? text(call, 2) : ' ';
    const width = integer(call, 1);
    if (fill.length !== 1) throw wrongArgument(call, 2, 'one character');
    if (width > 65_536) throw wrongArgument(call, 1, 'at most 65536');
    return plainText(call, 0).padStart(width, fill);
  }),
  replace: define(3, 3, (call) => {
    if (text(call, 1) === '') throw wrongArgument(call, 1, 'a text to look for');
    return joinParts(call, searched(call, text(call, 0), text(call, 1)).split(text(call, 1)), text(call, 2));
  }),
  split: define(2, 2, (call) => {
    const by = call.value(1);
    const delimiters = isArray(by) ? by : [text(call, 1)];
    let parts = [text(call, 0)];
    for (const delimiter of delimiters) {
      if (typeof delimiter !== 'string' || delimiter === '') continue;
      searched(call, text(call, 0), delimiter);
      call.spend(1 + (parts.length >>> 2));
      parts = parts.flatMap((part) => part.split(delimiter));
    }
    return parts;
  }),
  startswith: define(2, 2, (call) => text(call, 0).toLowerCase().startsWith(text(call, 1).toLowerCase())),
  string: define(1, 1, (call) => {
    const value = call.value(0);
    return typeof value === 'object' ? jsonText(value, call) : plainText(call, 0);
  }),
  substring: define(2, 3, (call) => {
    const whole = text(call, 0);
    const start = integer(call, 1);
    const length = call.count > 2 ? integer(call, 2) : whole.length - start;
    if (start < 0 || length < 0 || start + length > whole.length)
      throw new TemplateProblem(`substring() from ${start} with length ${length} is outside a text of ${whole.length}`);
    return whole.slice(start, start + length);
  }),
  tolower: define(1, 1, (call) => text(call, 0).toLowerCase()),
  toupper: define(1, 1, (call) => text(call, 0).toUpperCase()),
  trim: define(1, 1, (call) => text(call, 0).trim()),
  uniquestring: define(1, Infinity, (call) => uniqueString(values(call).map((_, index) => plainText(call, index)))),
  uri: define(2, 2, (call) => {
    const base = text(call, 0);
    if (!URL.canParse(text(call, 1), base)) throw wrongArgument(call, 0, 'a URI');
    return new URL(text(call, 1), base).href;
  }),
  uricomponent: define(1, 1, (call) => encodeURIComponent(text(call, 0).replace(/\p{Surrogate}/gu, '\uFFFD'))),
  uricomponenttostring: define(1, 1, (call) => decodeComponent(call, text(call, 0))),
};

function joinParts(call: Call, parts: readonly string[], by: string): string {
  const length = parts.reduce((sum, part) => sum + part.length + by.length, 0);
  call.spend(parts.length >>> 2);
  if (length > limits.templateValueMax) throw new TemplateProblem(`${call.name}() creates a value that is too large`);
  return parts.join(by);
}

function parseJson(call: Call, source: string): Value {
  call.spend(source.length >>> 3);
  try {
    return readJson(source, 'json');
  } catch {
    throw wrongArgument(call, 0, 'JSON text');
  }
}

function decodeComponent(call: Call, source: string): string {
  try {
    return decodeURIComponent(source);
  } catch {
    throw wrongArgument(call, 0, 'URI encoded');
  }
}

/** Formats `{0}`, `{1:D3}`, `{{`. Supported .NET number formats are D, N0, X and a row of zeros. */
function formatText(call: Call): string {
  let length = 0;
  const counted = (part: string): string => {
    call.spend(part.length >>> 6);
    length += part.length;
    if (length > limits.templateValueMax) throw new TemplateProblem('format() creates a value that is too large');
    return part;
  };
  const filled = text(call, 0).replace(
    /\{\{|\}\}|\{(\d+)(?::([^{}]*))?\}/g,
    (match, digits?: string, style?: string) => {
      call.spend(1);
      if (digits === undefined) return match[0];
      const index = 1 + Number(digits);
      if (index >= call.count) throw new TemplateProblem(`format() has no argument for ${match}`);
      const value = call.value(index);
      if (style === undefined || style === '')
        return counted(typeof value === 'object' ? jsonText(value, call) : plainText(call, index));
      return counted(formatNumber(call, index, style));
    },
  );
  return bounded(call, [filled])[0];
}

function formatNumber(call: Call, index: number, style: string): string {
  const value = integer(call, index);
  const sign = value < 0 ? '-' : '';
  const digits = String(Math.abs(value));
  const width = /^(?:[dD](\d{0,2})|(0+))$/.exec(style);
  if (width !== null) return sign + digits.padStart(width[2]?.length ?? Number(width[1]), '0');
  if (/^[nN]0$/.test(style)) return sign + digits.replace(/\B(?=(\d{3})+$)/g, ',');
  const hex = /^([xX])(\d{0,2})$/.exec(style);
  if (hex !== null && value >= 0) {
    const padded = value.toString(16).padStart(Number(hex[2]), '0');
    return hex[1] === 'X' ? padded.toUpperCase() : padded;
  }
  throw new TemplateProblem(`format() with the number format '${style}' is not known`);
}

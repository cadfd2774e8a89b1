/**
 * JSON as found in templates: with a byte order mark, and with `//` and block comments, which Azure Resource Manager
 * accepts.
 */
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Json } from './value.ts';

/**
 * Parses a template.
 * @param file for the message
 * @param bareNames accepts unquoted names, as Azure does: `az deployment` sends `{"properties": {…, template: …}}`
 * @throws network-invalid, with line and column, if `text` is not JSON or is nested too deep
 * Source: azure-cli, command_modules/resource/custom.py, JsonCTemplatePolicy.
 */
export function readJson(text: string, file: string, bareNames = false): Json {
  const bare = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const plain = hidesComments(bare) ? blankComments(bare) : bare;
  const depth = nestingDepth(plain);
  if (depth > limits.jsonDepthMax)
    throw new FlowError('network-invalid', `${file}: nested deeper than ${limits.jsonDepthMax} levels`);
  try {
    return JSON.parse(plain) as Json;
  } catch (cause) {
    const quoted = bareNames ? quoteNames(plain) : plain;
    if (quoted !== plain) return readJson(quoted, file);
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new FlowError('network-invalid', `${file}: ${placeOf(message, plain)}`, {
      cause,
      hint: 'nsgflow reads JSON: an ARM template or export, a REST answer, or the output of az … show.',
    });
  }
}

function hidesComments(text: string): boolean {
  return text.includes('//') || text.includes('/*');
}

/** Replaces comments by spaces, so that lines and columns stay the same. */
function blankComments(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g, (match) =>
    match.startsWith('"') ? match : match.replace(/[^\n]/g, ' '),
  );
}

function quoteNames(text: string): string {
  return text.replace(
    /"(?:[^"\\\n]|\\.)*"|([{,]\s*)([A-Za-z_$][\w$]*)(?=\s*:)/g,
    (match, before: string | undefined, name: string) => (before === undefined ? match : `${before}"${name}"`),
  );
}

function nestingDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x5d || code === 0x7d) depth--;
  }
  return deepest;
}

/** The line and column of an error; V8 gives only a position or a word. */
function placeOf(error: string, text: string): string {
  // V8 quotes a part of the text, which can have several lines.
  const message = error.replace(/\s+/g, ' ');
  if (text.trim() === '') return 'the file is empty';
  const match = /at position (\d+)/.exec(message);
  if (match === null) return /end of JSON/.test(message) ? 'not JSON: it ends too early' : `not JSON: ${message}`;
  const before = text.slice(0, Number(match[1]));
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  return `not JSON: line ${line}, column ${column}: ${message.replace(/ (in JSON )?at position.*$/, '')}`;
}

/**
 * JSON as people keep templates: with a byte order mark, or with `//` and block comments, as Azure Resource Manager takes them.
 */
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Json } from './value.ts';

/**
 * `az deployment` sends `{"properties": {…, template: …}}`, with the name as it stands here; `bareNames` takes that, as Azure does. Source:
 * azure-cli, command_modules/resource/custom.py, JsonCTemplatePolicy.
 * @throws network-invalid where `text` is no JSON, with line and column, or nested too deep. `file` is for the message.
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

/** Comments become blanks, so that lines and columns stay. */
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

/** V8 gives a position or only a word; a person gets line and column. */
function placeOf(error: string, text: string): string {
  // V8 quotes a piece of the text, which may have several lines.
  const message = error.replace(/\s+/g, ' ');
  if (text.trim() === '') return 'the file is empty';
  const match = /at position (\d+)/.exec(message);
  if (match === null) return /end of JSON/.test(message) ? 'not JSON: it ends too early' : `not JSON: ${message}`;
  const before = text.slice(0, Number(match[1]));
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  return `not JSON: line ${line}, column ${column}: ${message.replace(/ (in JSON )?at position.*$/, '')}`;
}

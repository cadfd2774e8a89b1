/**
 * A request to the control plane and its response, independent of the HTTP server.
 *
 *   PUT /subscriptions/{id}/resourceGroups/{group}/providers/Microsoft.Network/networkSecurityGroups/{name}?api-version=2025-05-01
 */
import { readJson } from '../../arm-template/read-json.ts';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { isObject } from '../../arm-template/value.ts';
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { checkApiVersion } from './api-versions.ts';
import { ArmError } from '../arm-error.ts';

export interface ArmRequest {
  /** In any casing. */
  readonly method: string;
  /** Path and query as in the request line, or an absolute URL. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As received; `undefined` or empty without a body. */
  readonly body?: Uint8Array | undefined;
  /** Origin of absolute URLs in the response; `undefined` uses that of the settings. */
  readonly origin?: string | undefined;
}

export interface ArmResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `undefined`: the response has no body. */
  readonly body?: Json | undefined;
}

/** A parsed request. */
export interface Ask {
  readonly method: string;
  /** Decoded parts of the path, in the request's casing. */
  readonly segments: readonly string[];
  /** By name in lower case. */
  readonly query: ReadonlyMap<string, string>;
  readonly headers: ArmRequest['headers'];
  readonly apiVersion: string;
  readonly origin: string;
  /**
   * The body as an object; `{}` without a body.
   * @throws InvalidRequestContent
   */
  body(): JsonObject;
}

/** @throws ArmError if the path, the query or the api-version is malformed */
export function parseRequest(request: ArmRequest, origin: string, nowMillis: number): Ask {
  const target = request.url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/#.*$/s, '');
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  if (path.length > limits.armPathCharsMax)
    throw new ArmError('BadRequest', `The path is longer than ${limits.armPathCharsMax} characters.`);
  const segments = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeSegment);
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(at < 0 ? '' : target.slice(at + 1)))
    query.set(name.toLowerCase(), value);
  return {
    method: request.method.toUpperCase(),
    segments,
    query,
    headers: request.headers,
    apiVersion: readApiVersion(query, nowMillis),
    origin: request.origin ?? origin,
    body: () => readBody(request.body),
  };
}

/** Names contain no separators or control characters, also when they are escaped. */
function decodeSegment(part: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(part);
  } catch {
    throw new ArmError('BadRequest', `The part '${part.slice(0, 80)}' of the path is not well-formed.`);
  }
  // oxlint-disable-next-line no-control-regex
  if (decoded === '.' || decoded === '..' || /[/\\?#%&<>\u0000-\u001f\u007f]/.test(decoded))
    throw new ArmError('InvalidResourceName', `The part '${part.slice(0, 80)}' of the path cannot be a name.`);
  return decoded;
}

function readApiVersion(query: ReadonlyMap<string, string>, nowMillis: number): string {
  const version = query.get('api-version');
  if (version === undefined || version === '')
    throw new ArmError(
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    );
  checkApiVersion(version, nowMillis);
  return version;
}

function readBody(bytes: Uint8Array | undefined): JsonObject {
  if (bytes === undefined || bytes.length === 0) return {};
  if (bytes.length > limits.armRequestBytesMax)
    throw new ArmError(
      'RequestContentTooLarge',
      `The request content has ${bytes.length} bytes, more than ${limits.armRequestBytesMax}.`,
    );
  let json: Json;
  try {
    json = readJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes), 'the request content', true);
  } catch (error) {
    const reason = error instanceof FlowError ? error.message : 'the request content is not UTF-8';
    throw new ArmError('InvalidRequestContent', `The request content was invalid: ${reason}.`);
  }
  if (!isObject(json)) throw new ArmError('InvalidRequestContent', 'The request content is not a JSON object.');
  return json;
}

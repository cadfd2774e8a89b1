/**
 * Errors of the console's API:
 *
 *     {"error":{"code":"filter-syntax","message":"unknown field \"dst.prot\"","hint":"…","field":"/filter","position":{"offset":0,"length":8},"fix":"dst.port"}}
 */
import { FlowError, errorTable } from '../../base/errors.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { FilterError } from '../../query/filter/filter-lexer.ts';
import { KqlError } from '../../query/kql/lower/kql-error.ts';
import { RequestError, describeFailure } from '../arm-error.ts';

/** Characters of a text. */
export interface Position {
  readonly offset: number;
  readonly length: number;
}

export interface ApiErrorDetails {
  readonly hint?: string | undefined;
  /** JSON pointer of the wrong value in the body. */
  readonly field?: string | undefined;
  /** The wrong part of that value. */
  readonly position?: Position | undefined;
  /** What may stand in its place. */
  readonly fix?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that is refused. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly field: string | undefined;
  readonly position: Position | undefined;
  readonly fix: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, details: ApiErrorDetails = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.hint = details.hint;
    this.field = details.field;
    this.position = details.position;
    this.fix = details.fix;
    this.headers = details.headers ?? {};
  }
}

/**
 * Any failure as the API answers it; an unexpected one has no details.
 * @param field of the body that holds the text of a question
 */
export function describeApiFailure(error: unknown, field?: string): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof FilterError) {
    const { problem, offset, length, suggestion, hint } = error;
    return new ApiError(400, error.code, problem, { hint, field, position: { offset, length }, fix: suggestion });
  }
  if (error instanceof KqlError) {
    const { sentence, start, end, hint } = error;
    return new ApiError(400, error.code, sentence, { hint, field, position: { offset: start, length: end - start } });
  }
  if (error instanceof FlowError) {
    const at = isOfText(error.code) ? field : undefined;
    return new ApiError(errorTable[error.code].status, error.code, error.message, { hint: error.hint, field: at });
  }
  const { status, code, message, headers } = describeFailure(error);
  const isRefusal = error instanceof RequestError;
  return new ApiError(status, isRefusal ? kebab(code) : 'bug', message, { headers });
}

function isOfText(code: ErrorCode): boolean {
  return code === 'filter-syntax' || code.startsWith('sql-') || code.startsWith('kql-');
}

/** Codes are written as those of the table of errors. */
function kebab(code: string): string {
  return code.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}

export function apiErrorBody({ code, message, hint, field, position, fix }: ApiError): object {
  const details = Object.entries({ hint, field, position, fix }).filter(([, value]) => value !== undefined);
  return { error: { code, message, ...Object.fromEntries(details) } };
}

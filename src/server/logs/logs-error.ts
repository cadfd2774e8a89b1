/**
 * Errors of the query API:
 *
 *     {"error":{"message":"The request had some invalid properties","code":"BadArgumentError","correlationId":"…",
 *       "innererror":{"code":"SyntaxError","message":"A recognition error occurred in the query.",
 *         "innererror":{"code":"SYN0002","message":"…","line":1,"pos":11,"token":"…"}}}}
 *
 * Source: Azure Monitor, "Log Analytics API errors"; answers that the tests of Azure's clients have recorded.
 */
import { FlowError, errorTable } from '../../base/errors.ts';
import { KqlError } from '../../query/kql/lower/kql-error.ts';
import { RequestError } from '../arm-error.ts';

export interface InnerError {
  readonly code: string;
  readonly message: string;
  /** From 1. */
  readonly line?: number;
  /** Characters of the line before it, as in recorded answers. */
  readonly pos?: number;
  readonly token?: string;
  readonly innererror?: InnerError;
}

export class LogsError extends Error {
  readonly status: number;
  readonly code: string;
  readonly inner: InnerError | undefined;

  constructor(status: number, code: string, message: string, inner?: InnerError) {
    super(message);
    this.name = 'LogsError';
    this.status = status;
    this.code = code;
    this.inner = inner;
  }
}

const invalidProperties = 'The request had some invalid properties';

/** An argument of the request that cannot be read. */
export function badArgument(code: string, message: string): LogsError {
  return new LogsError(400, 'BadArgumentError', invalidProperties, { code, message });
}

/** Any failure as the API answers it; an unexpected one has no details. */
export function describeLogsFailure(error: unknown): LogsError {
  if (error instanceof LogsError) return error;
  if (error instanceof RequestError) return new LogsError(error.status, error.code, error.message);
  if (!(error instanceof FlowError)) return new LogsError(500, 'InternalServerError', 'An error occurred.');
  const { code, message } = error;
  if (code === 'timeout')
    return new LogsError(504, 'GatewayTimeout', 'Gateway timeout', { code: 'GatewayTimeout', message });
  if (code === 'kql-invalid' || code === 'kql-unsupported') return queryError(error);
  const { status } = errorTable[code];
  if (status === 400) return badArgument(code, message);
  return new LogsError(status, 'EngineError', 'Something went wrong processing your query on the server', {
    code,
    message,
  });
}

/** Where in the query the error is, as Azure says it. What has no place cannot be parsed. */
function queryError(error: FlowError): LogsError {
  if (!(error instanceof KqlError)) {
    const inner = { code: error.code, message: error.message };
    return error.code === 'kql-invalid' && error.cause === undefined ? syntaxError(inner) : semanticError(inner);
  }
  const { line, column, sentence, isSyntax, token, missing, hint } = error;
  const pos = column - 1;
  const place = `line ${line}, column ${column}`;
  if (isSyntax) {
    const message = `Query could not be parsed at '${token}' on line [${line},${pos}] (${sentence})`;
    return syntaxError({ code: 'SYN0002', message, line, pos, token });
  }
  const message = `${place}: ${sentence}. ${hint}`;
  if (missing === undefined) return semanticError({ code: error.code, message, line, pos, token });
  const { code, text } = unresolved[missing.kind];
  return semanticError({ code, message: `${text} '${missing.name}' (${message})`, line, pos, token });
}

/** Clients know missing tables by these codes and words. */
const unresolved = {
  table: { code: 'SEM0100', text: 'Failed to resolve table or column expression named' },
  column: { code: 'SEM0100', text: 'Failed to resolve column or scalar expression named' },
  function: { code: 'SEM0260', text: 'Unknown function:' },
} as const;

function syntaxError(innererror: InnerError): LogsError {
  const message = 'A recognition error occurred in the query.';
  return new LogsError(400, 'BadArgumentError', invalidProperties, { code: 'SyntaxError', message, innererror });
}

function semanticError(innererror: InnerError): LogsError {
  const message = 'A semantic error occurred.';
  return new LogsError(400, 'BadArgumentError', invalidProperties, { code: 'SemanticError', message, innererror });
}

export function logsErrorBody({ code, message, inner }: LogsError, correlationId: string): object {
  return { error: { message, code, correlationId, ...(inner === undefined ? {} : { innererror: inner }) } };
}

/**
 * Errors of the query API:
 *
 *     {"error":{"message":"The request had some invalid properties","code":"BadArgumentError","correlationId":"…",
 *       "innererror":{"code":"SyntaxError","message":"A recognition error occurred in the query.",
 *         "innererror":{"code":"SYN0002","message":"…","line":1,"pos":12,"token":"…"}}}}
 *
 * Source: Azure Monitor, "Log Analytics API errors".
 */
import { FlowError, errorTable } from '../../base/errors.ts';
import { KqlError } from '../../query/kql/lower/kql-error.ts';
import { RequestError } from '../arm-error.ts';

export interface InnerError {
  readonly code: string;
  readonly message: string;
  /** From 1. */
  readonly line?: number;
  /** Column, from 1. */
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

/** Where in the query the error is, as Azure says it. */
function queryError(error: FlowError): LogsError {
  if (!(error instanceof KqlError)) return badArgument('SyntaxError', error.message);
  const { line, column, sentence } = error;
  return new LogsError(400, 'BadArgumentError', invalidProperties, {
    code: 'SemanticError',
    message: 'A semantic error occurred.',
    innererror: { code: 'SEM0100', message: `line ${line}, column ${column}: ${sentence}`, line, pos: column },
  });
}

export function logsErrorBody({ code, message, inner }: LogsError, correlationId: string): object {
  return { error: { message, code, correlationId, ...(inner === undefined ? {} : { innererror: inner }) } };
}

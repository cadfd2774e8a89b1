import { FlowError, errorTable } from '../base/errors.ts';

/** The error body of all failed requests outside the Blob service. Source: control-plane facts 1.5. */
export interface ArmErrorBody {
  readonly error: { readonly code: string; readonly message: string };
}

/** A request that is refused before it reaches its route's logic. */
export class RequestError extends Error {
  /** 4xx or 5xx. */
  readonly status: number;
  /** Azure's code, such as `InvalidRequestContent`. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** Codes for errors of the HTTP library. */
const libraryCodes: Readonly<Record<string, readonly [status: number, code: string, message: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'RequestContentTooLarge', 'The request body is too large.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    400,
    'InvalidRequestContent',
    'The length of the body differs from Content-Length.',
  ],
  FST_ERR_BAD_URL: [400, 'InvalidRequestUri', 'The path of the request is not valid.'],
};

/** Any failure as a response; an unexpected one becomes a 500 without internal details. */
export function describeFailure(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof FlowError) {
    const { status } = errorTable[error.code];
    return new RequestError(status, error.code, error.message);
  }
  const { code, statusCode, message } = error as { code?: unknown; statusCode?: unknown; message?: unknown };
  const known = typeof code === 'string' ? libraryCodes[code] : undefined;
  if (known !== undefined) return new RequestError(...known);
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return new RequestError(
      statusCode,
      'BadRequest',
      typeof message === 'string' ? message : 'The request was refused.',
    );
  return new RequestError(500, 'InternalServerError', 'An error occurred.');
}

export function errorBody({ code, message }: RequestError): ArmErrorBody {
  return { error: { code, message } };
}

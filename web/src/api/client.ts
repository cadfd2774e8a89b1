/** Requests to the service that served this page. */

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** JSON pointer of the value of the body that is wrong. */
  readonly field?: string;
  readonly position?: { readonly offset: number; readonly length: number };
  /** A text that would be right. */
  readonly fix?: string;
}

export class ApiError extends Error {
  readonly status: number;
  readonly body: ErrorBody;

  constructor(status: number, body: ErrorBody) {
    super(body.message);
    this.name = 'ApiError';
    this.status = status;
    this.body = body;
  }
}

let csrf = '';

/** Kept by the page only: requests that change something carry it. */
export function keepCsrf(token: string): void {
  csrf = token;
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly accept?: string;
}

/** @throws ApiError of what the service answers, also where it does not answer (status 0) */
export async function request(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = options.body === undefined ? 'GET' : 'POST', body, signal, accept = 'application/json' } = options;
  const headers: Record<string, string> = { Accept: accept };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') headers['X-NSGFlow-CSRF'] = csrf;
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method,
      headers,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiError(0, {
      code: 'unreachable',
      message: 'The service does not answer.',
      hint: 'Start it again with nsgflow serve; this page tries again by itself.',
    });
  }
  if (!response.ok) throw new ApiError(response.status, await errorBody(response));
  return response;
}

export async function requestJson<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await request(path, options);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function errorBody(response: Response): Promise<ErrorBody> {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { error?: Partial<ErrorBody> };
    if (typeof error?.message === 'string') return { code: 'unknown', ...error, message: error.message };
  } catch {
    // No JSON: an intermediary answered.
  }
  return { code: 'unknown', message: `The service answered with status ${response.status}.` };
}

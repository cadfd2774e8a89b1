/** The form of each route of the console's API. `api.ts` has the table; `openapi.ts` describes it. */
import type { Static, TObject, TSchema } from 'typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from './context.ts';
import type { Session, User } from './sessions.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Who may call a route: without signing in, signed in, or as an operator where nothing is read-only. */
export type Access = 'anyone' | 'viewer' | 'operator';

/** One request. */
export interface Call<B, Q> {
  readonly body: B;
  readonly query: Q;
  /** Parts of the path, decoded, such as `name`. */
  readonly params: Readonly<Record<string, string>>;
  readonly user: User;
  /** `undefined` with a bearer token. */
  readonly session: Session | undefined;
  /** Aborts when the connection closes before the response is sent. */
  readonly gone: AbortSignal;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** A response that is no JSON: its parts are sent as they come. */
export interface Streamed {
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly parts: AsyncIterable<string | Uint8Array>;
}

export class StreamedAnswer implements Streamed {
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: AsyncIterable<string | Uint8Array>;

  constructor({ type, headers = {}, parts }: Streamed) {
    this.type = type;
    this.headers = headers;
    this.parts = parts;
  }
}

/** A response that is text already. */
export class RawAnswer {
  readonly type: string;
  readonly text: string;

  constructor(type: string, text: string) {
    this.type = type;
    this.text = text;
  }
}

interface RouteForm<B extends TSchema | undefined, Q extends TObject | undefined> {
  readonly method: Method;
  /** Below `/api/v1`; `:name` is one part of a path. */
  readonly path: string;
  /** What it does, one sentence. */
  readonly about: string;
  readonly access: Access;
  /** Whether it is there only with `nsgflow serve`. */
  readonly needsService?: boolean;
  readonly body?: B;
  /** Texts only. */
  readonly query?: Q;
  /** JSON of the answer; absent if it has none, or is streamed. */
  readonly answer?: TSchema;
  /** Media types of a streamed answer. */
  readonly streams?: readonly string[];
  /** JSON pointer of the body's text of a question, for errors of it. */
  readonly textField?: string;
}

export interface Route extends RouteForm<TSchema | undefined, TObject | undefined> {
  /** Resolves to a value for JSON, to `undefined` for 204, or to a {@link RawAnswer} or {@link StreamedAnswer}. */
  readonly handle: (context: ApiContext, call: Call<unknown, unknown>) => Promise<unknown>;
}

type TypeOf<T extends TSchema | undefined> = T extends TSchema ? Static<T> : undefined;

/** A route whose body and query are checked before it is called. */
export function defineRoute<B extends TSchema | undefined = undefined, Q extends TObject | undefined = undefined>(
  form: RouteForm<B, Q>,
  handle: (context: ApiContext, call: Call<TypeOf<B>, TypeOf<Q>>) => unknown,
): Route {
  return {
    ...form,
    // The body and the query have been checked against the schemas that their types are of.
    handle: async (context, call) => await handle(context, call as Call<TypeOf<B>, TypeOf<Q>>),
  };
}

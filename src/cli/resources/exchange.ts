import { request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { passingStatuses, withRetries } from '../../blob/retry.ts';
import { objectOf } from '../../control/resources/resource.ts';

/** One request to Azure Resource Manager, or to the local one. */
export interface ArmRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** The CA of the service; `undefined` for the CAs that Node trusts. */
  readonly ca: string | undefined;
}

export interface ArmAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body; {} if it is not a JSON object. */
  readonly json: JsonObject;
}

const answerMillisMax = 60_000;
/** All attempts of one request to Azure, with the pauses that Azure asks for. */
const retryMillisMax = 300_000;

/** Sends a request once. @throws unavailable if there is no answer */
export async function exchange(asked: ArmRequest): Promise<ArmAnswer> {
  try {
    return await send(asked);
  } catch (cause) {
    throw notReached(asked, cause, 'Is nsgflow serve running there? --server names another address.');
  }
}

/**
 * Sends a request to Azure. Failed connections and answers such as 429 and 503 are repeated, after `Retry-After` if
 * Azure sends it. @throws unavailable if there is no answer
 */
export async function exchangeWithRetries(asked: ArmRequest): Promise<ArmAnswer> {
  try {
    return await withRetries(retryMillisMax, async () => {
      const answer = await send(asked);
      if (passingStatuses.has(answer.status)) throw new PassingAnswer(answer);
      return answer;
    });
  } catch (error) {
    if (error instanceof PassingAnswer) return error.answer;
    throw notReached(asked, error, 'Check the network and the proxy, then run again.');
  }
}

/** An answer that asks to try later, in the form of an error of the Azure SDK, which `withRetries` reads. */
class PassingAnswer extends Error {
  readonly statusCode: number;
  readonly response: { readonly headers: { readonly get: (name: string) => string | undefined } };
  readonly answer: ArmAnswer;

  constructor(answer: ArmAnswer) {
    super(`status ${answer.status}`);
    this.answer = answer;
    this.statusCode = answer.status;
    this.response = { headers: { get: (name) => answer.headers[name]?.toString() } };
  }
}

function notReached({ url }: ArmRequest, cause: unknown, hint: string): FlowError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new FlowError('unavailable', `${new URL(url).host} cannot be reached: ${said}`, { cause, hint });
}

function send({ method, url, headers, body, ca }: ArmRequest): Promise<ArmAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        timeout: answerMillisMax,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(ca === undefined ? {} : { ca }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > limits.armAnswerBytesMax)
            sent.destroy(new Error(`an answer of more than ${limits.armAnswerBytesMax} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, json: readAnswer(chunks) }),
        );
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${answerMillisMax / 1000} s`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

function readAnswer(chunks: readonly Buffer[]): JsonObject {
  try {
    return objectOf(JSON.parse(Buffer.concat(chunks).toString()) as Json);
  } catch {
    return {};
  }
}

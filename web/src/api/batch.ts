/** Questions that panels ask in the same moment are one request: the service answers them together, each as it is ready. */
import type { Answer, Question } from './ask.ts';
import { questionBody } from './ask.ts';
import type { ErrorBody } from './client.ts';
import { ApiError, request } from './client.ts';

interface Waiting {
  readonly question: Question;
  readonly signal: AbortSignal;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

type Line = { readonly id: string } & ({ readonly answer: Answer } | { readonly error: ErrorBody });

const panelsMax = 50;
let waiting: Waiting[] = [];

export function askTogether(question: Question, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (waiting.length === 0) queueMicrotask(() => queueMicrotask(send));
    waiting.push({ question, signal, resolve, reject });
  });
}

function send(): void {
  const all = waiting;
  waiting = [];
  for (let start = 0; start < all.length; start += panelsMax) void sendBatch(all.slice(start, start + panelsMax));
}

/** The request ends when nobody waits for any of its answers. */
async function sendBatch(batch: readonly Waiting[]): Promise<void> {
  const open = new Map(batch.map((one, i) => [String(i), one]));
  const gone = new AbortController();
  for (const [id, { signal, reject }] of open) {
    const leave = (): void => {
      reject(signal.reason);
      open.delete(id);
      if (open.size === 0) gone.abort();
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  }
  if (open.size === 0) return;
  try {
    const panels = [...open].map(([id, { question }]) => ({ id, ...questionBody(question) }));
    const response = await request('ask/batch', {
      body: { panels },
      signal: gone.signal,
      accept: 'application/x-ndjson',
    });
    for await (const line of linesOf(response)) {
      const read = JSON.parse(line) as Line;
      const one = open.get(read.id);
      open.delete(read.id);
      if ('answer' in read) one?.resolve(read.answer);
      else one?.reject(new ApiError(400, read.error));
    }
    for (const { reject } of open.values())
      reject(new ApiError(0, { code: 'unreachable', message: 'The service ended before it answered.' }));
  } catch (error) {
    for (const { reject } of open.values()) reject(error);
  }
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const parts = (rest + value).split('\n');
    rest = parts.pop()!;
    yield* parts.filter((part) => part !== '');
  }
  if (rest !== '') yield rest;
}

/** Runs commands in this process, with what they print kept: much cheaper than a process for each. */
import { run } from '../../src/cli/program.ts';
import type { Ran } from './nsgflow.ts';

/** @param columns of a terminal for both streams; without it, there is none */
export async function runHere(args: readonly string[], columns?: number): Promise<Ran> {
  let [out, err] = ['', ''];
  const undo = [
    captured(process.stdout, columns, (text) => (out += text)),
    captured(process.stderr, columns, (text) => (err += text)),
  ];
  const exitCode = process.exitCode;
  process.exitCode = undefined;
  try {
    const code = await run(args);
    return { code, out, err };
  } finally {
    process.exitCode = exitCode;
    for (const one of undo) one();
  }
}

function captured(stream: NodeJS.WriteStream, columns: number | undefined, take: (text: string) => void): () => void {
  const names = ['write', 'isTTY', 'columns'] as const;
  const before = names.map((name) => Object.getOwnPropertyDescriptor(stream, name));
  const set = (name: string, value: unknown): void =>
    void Object.defineProperty(stream, name, { value, configurable: true, writable: true });
  set('write', (text: string | Uint8Array, ...rest: unknown[]): boolean => {
    take(Buffer.from(text as string).toString());
    const done = rest.at(-1);
    if (typeof done === 'function') (done as () => void)();
    return true;
  });
  set('isTTY', columns !== undefined);
  set('columns', columns);
  return () => {
    for (const [i, name] of names.entries()) {
      const descriptor = before[i];
      if (descriptor === undefined) Reflect.deleteProperty(stream, name);
      else Object.defineProperty(stream, name, descriptor);
    }
  };
}

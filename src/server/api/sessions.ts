/** Sessions of browsers: who signed in, until when, and the text that changes must bring along against cross-site requests. */
import { createHash, randomBytes } from 'node:crypto';
import { limits } from '../../base/limits.ts';
import { sameText } from '../tokens.ts';

/** A viewer asks; an operator also changes flow logs and views. */
export type Role = 'viewer' | 'operator';

export interface User {
  readonly name: string;
  readonly role: Role;
}

export interface Session {
  readonly user: User;
  /** Changing requests of this session send it in a header. */
  readonly csrf: string;
  readonly endMillis: number;
}

/** Sessions live in memory: a restart signs everyone out. */
export class Sessions {
  readonly #now: () => number;
  /** By the SHA-256 of the cookie, those opened first are first. */
  readonly #sessions = new Map<string, Session>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns the value of the cookie */
  open(user: User): string {
    const id = randomText();
    this.#sessions.set(keyOf(id), {
      user,
      csrf: randomText(),
      endMillis: this.#now() + limits.consoleSessionMillis,
    });
    if (this.#sessions.size > limits.consoleSessionsMax) {
      const [first] = this.#sessions.keys();
      if (first !== undefined) this.#sessions.delete(first);
    }
    return id;
  }

  /** The session of a cookie; `undefined` if there is none, or it has ended. */
  find(id: string): Session | undefined {
    const session = this.#sessions.get(keyOf(id));
    if (session === undefined) return undefined;
    if (session.endMillis > this.#now()) return session;
    this.close(id);
    return undefined;
  }

  close(id: string): void {
    this.#sessions.delete(keyOf(id));
  }
}

/** Whether a changing request brings the text of its session. */
export function hasCsrf({ csrf }: Session, given: string | undefined): boolean {
  return given !== undefined && sameText(csrf, given);
}

/** 256 random bits. */
export function randomText(): string {
  return randomBytes(32).toString('base64url');
}

/** Look-ups by a digest take no time that tells of the text. */
function keyOf(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}

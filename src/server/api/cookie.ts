import type { FastifyReply, FastifyRequest } from 'fastify';
import { limits } from '../../base/limits.ts';
import type { ApiContext } from './context.ts';

type Place = Pick<ApiContext, 'origin'>;

/** The value of the session's cookie; `undefined` without one. */
export function cookieOf(request: FastifyRequest, place: Place): string | undefined {
  const name = cookieName(place);
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}

export function setCookie(reply: FastifyReply, place: Place, value: string): void {
  void reply.header('set-cookie', `${cookieName(place)}=${value}; Max-Age=${maxAgeSeconds}${attributes(place)}`);
}

export function clearCookie(reply: FastifyReply, place: Place): void {
  void reply.header('set-cookie', `${cookieName(place)}=; Max-Age=0${attributes(place)}`);
}

const maxAgeSeconds = limits.consoleSessionMillis / 1000;

/** Browsers send cookies to all ports of a host: two consoles on one machine need two names. */
function cookieName({ origin }: Place): string {
  return `nsgflow_session_${new URL(origin()).port || '443'}`;
}

function attributes({ origin }: Place): string {
  return `; Path=/; HttpOnly; SameSite=Strict${origin().startsWith('https:') ? '; Secure' : ''}`;
}

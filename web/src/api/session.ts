import type { UseQueryResult } from '@tanstack/react-query';
import { useQuery } from '@tanstack/react-query';
import { keepCsrf, request, requestJson } from './client.ts';

export interface Session {
  readonly name: string;
  readonly role: 'viewer' | 'operator';
  readonly readOnly: boolean;
  /** Whether a service runs behind the page; else there is a lake only. */
  readonly service: boolean;
  readonly csrf: string;
}

/** The token of the printed address, which leaves the address bar and the history at once. */
function takeToken(): string | undefined {
  const [, token] = /^#token=(.+)$/.exec(location.hash) ?? [];
  if (token === undefined) return undefined;
  history.replaceState(history.state, '', location.pathname + location.search);
  return decodeURIComponent(token);
}

const first = takeToken();

export async function signIn(token: string): Promise<void> {
  await request('session', { body: { token } });
}

let isTokenUsed = false;

async function openSession(signal: AbortSignal): Promise<Session> {
  if (first !== undefined && !isTokenUsed) {
    isTokenUsed = true;
    await signIn(first);
  }
  const session = await requestJson<Session>('session', { signal });
  keepCsrf(session.csrf);
  return session;
}

export function useSession(): UseQueryResult<Session> {
  return useQuery({
    queryKey: ['session'],
    queryFn: ({ signal }) => openSession(signal),
    staleTime: Infinity,
    retry: false,
  });
}

/** Of pages that are shown with a session only. */
export function useOpenSession(): Session {
  const { data } = useSession();
  if (data === undefined) throw new Error('there is no session');
  return data;
}

export function mayChange({ role, readOnly }: Session): boolean {
  return role === 'operator' && !readOnly;
}

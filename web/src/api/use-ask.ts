import type { UseQueryResult } from '@tanstack/react-query';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Answer, Query } from './ask.ts';
import { askTogether } from './batch.ts';
import { useLook } from '../shell/look.tsx';

export interface AskOptions {
  /** Joined to the filter of the page. */
  readonly filter?: string;
  /** Instead of the page's range. */
  readonly range?: { readonly from: number; readonly to: number };
  readonly enabled?: boolean;
}

/** An answer to a question over the range and the filter of the page. While a new one comes, the old one stays. */
export function useAsk(query: Query, options: AskOptions = {}): UseQueryResult<Answer> {
  const look = useLook();
  const { from, to } = options.range ?? look.range;
  const filter = options.filter ?? look.filter;
  return useQuery({
    queryKey: ['ask', query, filter, from, to],
    queryFn: ({ signal }) => askTogether({ query, filter, from, to }, signal),
    placeholderData: keepPreviousData,
    enabled: options.enabled ?? true,
  });
}

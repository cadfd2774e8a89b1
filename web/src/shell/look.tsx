/** What all pages look at: the range, the filter, and the moment that ends a range without an end. */
import type { ReactNode } from 'react';
import { createContext, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import type { Range } from '../url/range.ts';
import { readRange } from '../url/range.ts';
import { useParameters } from '../url/use-parameters.ts';

export interface Look {
  readonly range: Range;
  /** Whether the address has a range that can be read. */
  readonly isRangeRight: boolean;
  /** Whether the range ends now. */
  readonly isLive: boolean;
  readonly filter: string;
  readonly isPaused: boolean;
  readonly setPaused: (isPaused: boolean) => void;
  /** Moves the end of a live range to the present. */
  readonly reload: () => void;
}

const LookContext = createContext<Look | undefined>(undefined);

const refreshMillis = 30_000;
/** All panels of a page ask for the same moments, so that the service answers them from one cache. */
const stepMillis = 10_000;

const present = (): number => Math.ceil(Date.now() / stepMillis) * stepMillis;

export function LookProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const { values } = useParameters();
  const { from, to, q, lang } = values;
  const [now, setNow] = useState(present);
  const [isPaused, setPaused] = useState(false);
  const isLive = to === '';
  const reload = useCallback(() => setNow(present()), []);
  useEffect(() => {
    if (!isLive || isPaused) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, refreshMillis);
    return () => clearInterval(timer);
  }, [isLive, isPaused, reload]);
  const look = useMemo<Look>(() => {
    const range = readRange(from, to, now);
    return {
      range: range ?? { from: now - 21_600_000, to: now },
      isRangeRight: range !== undefined,
      isLive,
      filter: lang === 'filter' ? q : '',
      isPaused,
      setPaused,
      reload,
    };
  }, [from, to, q, lang, now, isLive, isPaused, reload]);
  return <LookContext value={look}>{children}</LookContext>;
}

/** Below it, panels look at a narrower filter. */
export function LookFilter({ filter, children }: { readonly filter: string; readonly children: ReactNode }): ReactNode {
  const look = useLook();
  const narrower = useMemo(() => ({ ...look, filter }), [look, filter]);
  return <LookContext value={narrower}>{children}</LookContext>;
}

export function useLook(): Look {
  const look = useContext(LookContext);
  if (look === undefined) throw new Error('no LookProvider');
  return look;
}

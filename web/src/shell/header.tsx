import { Menu } from 'lucide-react';
import type { ReactNode } from 'react';
import { QueryBar } from '../query-bar/query-bar.tsx';
import { Freshness } from './freshness.tsx';
import { TimeRange } from './time-range.tsx';

export function Header({ openMenu }: { readonly openMenu: () => void }): ReactNode {
  return (
    <header className="header">
      <button type="button" className="header-box step-button menu-button" aria-label="Pages" onClick={openMenu}>
        <Menu className="icon" aria-hidden />
      </button>
      <QueryBar />
      <TimeRange />
      <Freshness />
    </header>
  );
}

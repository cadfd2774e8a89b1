import { CircleHelp, Search, Settings, User } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { useSession } from '../api/session.ts';
import { useParameters } from '../url/use-parameters.ts';
import { Mark } from './mark.tsx';
import type { Layer } from './layers.tsx';
import { pageOf, pages } from './pages.ts';

const groups = [...new Set(pages.map(({ group }) => group))];

/** The pages, and what opens above them. */
export function Rail({ open }: { readonly open: (layer: Layer) => void }): ReactNode {
  const { data: session } = useSession();
  const { addressOf } = useParameters();
  return (
    <nav className="rail" aria-label="Pages">
      <Link href={addressOf('/')} className="rail-mark">
        <Mark />
        <span>nsgflow</span>
      </Link>
      <PageLinks />
      <div className="rail-group rail-foot">
        <button type="button" className="rail-link" onClick={() => open('palette')}>
          <Search className="icon" aria-hidden />
          <span>Go to…</span>
          <kbd className="keys">Ctrl K</kbd>
        </button>
        <button type="button" className="rail-link" onClick={() => open('shortcuts')}>
          <CircleHelp className="icon" aria-hidden />
          <span>Shortcuts</span>
          <kbd className="keys">?</kbd>
        </button>
        <button type="button" className="rail-link" onClick={() => open('settings')}>
          <Settings className="icon" aria-hidden />
          <span>Settings</span>
        </button>
        {session !== undefined && (
          <p className="rail-link">
            <User className="icon" aria-hidden />
            <span>
              {session.name} · {session.readOnly ? 'read-only' : session.role}
            </span>
          </p>
        )}
      </div>
    </nav>
  );
}

/** Also the menu of narrow windows. */
export function PageLinks({ onFollow }: { readonly onFollow?: () => void }): ReactNode {
  const [path] = useLocation();
  const { addressOf } = useParameters();
  const current = pageOf(path);
  return groups.map((group) => (
    <div key={group} className="rail-group">
      <h2>{group}</h2>
      <ul>
        {pages
          .filter((page) => page.group === group)
          .map(({ path: target, name, icon: Icon }) => (
            <li key={target}>
              <Link
                href={addressOf(target)}
                className="rail-link"
                aria-current={current?.path === target ? 'page' : undefined}
                title={name}
                onClick={() => onFollow?.()}
              >
                <Icon className="icon" aria-hidden />
                <span>{name}</span>
              </Link>
            </li>
          ))}
      </ul>
    </div>
  ));
}

import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { Select } from '../../controls/select.tsx';
import { counted, shortText } from '../../format/number.ts';
import type { NsgSums } from './page.tsx';

export interface NsgListProps {
  readonly list: readonly NsgSums[];
  readonly selected: string | undefined;
  readonly addressOf: (name: string) => string;
  readonly open: (name: string) => void;
}

/** Beside the rules; in narrow windows a choice above them. */
export function NsgList({ list, selected, addressOf, open }: NsgListProps): ReactNode {
  return (
    <>
      <nav className="panel nsg-list" aria-label="NSGs">
        <div className="panel-head">
          <h2>NSGs</h2>
          <span className="small muted numbers">{list.length}</span>
        </div>
        <ul className="table-scroll">
          {list.map(({ name, nsg, allowed, denied }) => (
            <li key={name}>
              <Link href={addressOf(name)} className="nsg" aria-current={name === selected ? 'true' : undefined}>
                <strong>
                  <bdi>{name}</bdi>
                </strong>
                {nsg !== undefined && (
                  <span className="small muted">
                    {nsg.attachedTo.length === 0 ? 'not attached' : nsg.attachedTo.join(', ')} ·{' '}
                    {counted(nsg.rules, 'rule')}
                  </span>
                )}
                <span className="nsg-bar" aria-hidden>
                  <span style={{ flexGrow: allowed, background: 'var(--allow)' }} />
                  <span style={{ flexGrow: denied, background: 'var(--deny)' }} />
                </span>
                <span className="small muted numbers">
                  {allowed + denied === 0 ? 'no hits' : `${shortText(allowed)} allowed, ${shortText(denied)} denied`}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="nsg-select">
        <Select
          label="NSG"
          isLabelShown={false}
          value={selected ?? ''}
          onChange={open}
          choices={list.map(({ name }) => ({ id: name, label: name }))}
        />
      </div>
    </>
  );
}

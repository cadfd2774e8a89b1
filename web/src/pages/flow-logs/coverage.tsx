import type { ReactNode } from 'react';
import type { CoverageRow } from '../../../../src/advise/coverage.ts';
import type { FlowLog } from '../../api/flow-logs.ts';
import { useChoices, useCoverage } from '../../api/flow-logs.ts';
import { exact } from '../../format/number.ts';
import { ErrorNote } from '../../panels/states.tsx';

const kinds = [
  { kind: 'NSG', name: 'NSGs' },
  { kind: 'VNet', name: 'VNets' },
  { kind: 'subnet', name: 'Subnets' },
  { kind: 'NIC', name: 'NICs' },
] as const;

const shownMax = 3;

export interface CoverageProps {
  readonly logs: readonly FlowLog[];
  readonly isOperator: boolean;
  readonly switchOn: (targetId: string) => void;
}

/** How much of the network is logged, and what is not. */
export function Coverage({ logs, isOperator, switchOn }: CoverageProps): ReactNode {
  const coverage = useCoverage();
  const { data: choices } = useChoices();
  if (coverage.isError) return <ErrorNote error={coverage.error} />;
  const rows = coverage.data ?? [];
  const idOf = ({ kind, name }: CoverageRow): string | undefined =>
    choices?.targets.find(
      (target) =>
        target.kind.toLowerCase() === kind.toLowerCase() &&
        (target.name === name || name.endsWith(`/${target.name}`) || target.name.endsWith(`/${name}`)),
    )?.id;
  const late = logs.filter(({ state }) => state === 'spooling' || state === 'error');
  return (
    <div className="figures" role="group" aria-label="Coverage">
      {kinds.map(({ kind, name }) => {
        const own = rows.filter((row) => row.kind === kind && row.status !== 'unused');
        const gaps = own.filter(({ status }) => status !== 'logged');
        const covered = own.filter(({ status }) => status === 'logged' || status === 'twice').length;
        return (
          <div key={kind} className="figure">
            <span className="figure-name">{name} logged</span>
            <span className="figure-value numbers">
              {exact(covered)} <small>of {exact(own.length)}</small>
            </span>
            <span className="figure-note">
              {gaps.length === 0 ? (
                own.length === 0 ? (
                  'none in use'
                ) : (
                  'all of them'
                )
              ) : (
                <>
                  {gaps.slice(0, shownMax).map((gap) => (
                    <Gap key={gap.name} gap={gap} id={isOperator ? idOf(gap) : undefined} switchOn={switchOn} />
                  ))}
                  {gaps.length > shownMax && `and ${exact(gaps.length - shownMax)} more`}
                </>
              )}
            </span>
          </div>
        );
      })}
      <div className="figure">
        <span className="figure-name">Delivery</span>
        <span className="figure-value numbers">
          {exact(logs.filter(({ state }) => state === 'delivering').length)}{' '}
          <small>of {exact(logs.filter(({ enabled }) => enabled).length)} deliver</small>
        </span>
        <span className="figure-note">
          {late.length === 0 ? 'no block waits' : `${late.map(({ name }) => name).join(', ')}: see the log`}
        </span>
      </div>
    </div>
  );
}

interface GapProps {
  readonly gap: CoverageRow;
  readonly id: string | undefined;
  readonly switchOn: (targetId: string) => void;
}

const words: Readonly<Record<CoverageRow['status'], string>> = {
  logged: 'logged',
  'not logged': 'not logged',
  half: 'half logged',
  twice: 'logged twice',
  unused: 'not in use',
};

function Gap({ gap, id, switchOn }: GapProps): ReactNode {
  const { name, status, note } = gap;
  return (
    <span className="gap" title={note}>
      <bdi>{name}</bdi> {words[status]}
      {id !== undefined && status !== 'twice' && (
        <>
          {' '}
          <button
            type="button"
            className="link-button"
            aria-label={`Switch on a flow log for ${name}`}
            onClick={() => switchOn(id)}
          >
            Switch on
          </button>
        </>
      )}
    </span>
  );
}

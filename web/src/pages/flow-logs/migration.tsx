import type { ReactNode } from 'react';
import { useMigrate, useMigration } from '../../api/flow-logs.ts';
import { Button } from '../../controls/button.tsx';
import { counted } from '../../format/number.ts';
import { Panel } from '../../panels/panel.tsx';
import { ErrorNote } from '../../panels/states.tsx';

const words = { create: 'Create', disable: 'Switch off', keep: 'Keep' } as const;

/** From NSG flow logs to flow logs of VNets, subnets and NICs: first the new ones, then the old ones go off. */
export function Migration({ isOperator }: { readonly isOperator: boolean }): ReactNode {
  const plan = useMigration();
  const migrate = useMigrate();
  const steps = plan.data ?? [];
  if (steps.length === 0) return null;
  return (
    <Panel
      title="From NSG to VNet flow logs"
      note={`${counted(steps.length, 'step')}; Azure ends NSG flow logs on 30 September 2027`}
      answer={plan}
      actions={
        <Button isDisabled={!isOperator || migrate.isPending} onPress={() => migrate.mutate()}>
          Do all steps
        </Button>
      }
    >
      {migrate.isError && <ErrorNote error={migrate.error} />}
      <div className="table-scroll">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">Flow log</th>
              <th scope="col">Target</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {steps.map(({ step, name, targetId, reason }) => (
              <tr key={`${step} ${name} ${targetId}`}>
                <td>{words[step]}</td>
                <td>
                  <bdi>{name}</bdi>
                </td>
                <td title={targetId}>
                  <bdi>{targetId.split('/').slice(-1)[0]}</bdi>
                </td>
                <td className="muted wrap">{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

import { Plus } from 'lucide-react';
import type { ReactNode } from 'react';
import { mayChange, useOpenSession } from '../../api/session.ts';
import { useFlowLogs } from '../../api/flow-logs.ts';
import { Button } from '../../controls/button.tsx';
import { NeedsService } from '../../panels/states.tsx';
import { PageHead } from '../../shell/page-head.tsx';
import { useParameters } from '../../url/use-parameters.ts';
import { Advice } from './advice.tsx';
import { Coverage } from './coverage.tsx';
import { Drawer } from './drawer.tsx';
import { FlowLogList } from './list.tsx';
import { Migration } from './migration.tsx';
import './flow-logs.css';

/** `sel` is `new`, `new:TARGET` or the id of a flow log. */
export function FlowLogsPage(): ReactNode {
  const session = useOpenSession();
  const { values, change } = useParameters();
  const logs = useFlowLogs(session.service);
  const open = (sel: string): void => change({ sel });
  const isOperator = mayChange(session);
  return (
    <>
      <PageHead title="Flow logs" sentence="What is logged, where to, and does it arrive?">
        {session.service && (
          <Button isDisabled={!isOperator} onPress={() => open('new')}>
            <Plus className="icon" aria-hidden />
            New flow log
          </Button>
        )}
      </PageHead>
      {session.service ? (
        <>
          <Coverage logs={logs.data ?? []} switchOn={(target) => open(`new:${target}`)} isOperator={isOperator} />
          <div className={values.sel === '' ? 'flow-logs' : 'flow-logs flow-logs-open'}>
            <div className="flow-logs-main">
              <FlowLogList logs={logs} selected={values.sel} open={open} />
              <Advice />
              <Migration isOperator={isOperator} />
            </div>
            {values.sel !== '' && (
              <Drawer
                key={values.sel}
                selected={values.sel}
                logs={logs.data ?? []}
                close={() => open('')}
                open={open}
              />
            )}
          </div>
        </>
      ) : (
        <NeedsService what="Flow logs" />
      )}
    </>
  );
}

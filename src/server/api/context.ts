import type { ControlPlane } from '../../control/control-plane.ts';
import type { Accounts } from '../accounts.ts';
import type { Ingester } from '../ingester.ts';
import type { Recorder } from '../recorder.ts';
import type { ServiceLake } from '../service-lake.ts';
import type { Tokens } from '../tokens.ts';
import type { WrongSecrets } from '../wrong-secrets.ts';
import type { ArmClient } from './flow-logs/arm-client.ts';
import type { QuestionDesk } from './questions/desk.ts';
import type { Sessions } from './sessions.ts';
import type { ViewStore } from './view-store.ts';

/** What the routes of the console's API work with. */
export interface ApiContext {
  readonly lake: ServiceLake;
  readonly desk: QuestionDesk;
  readonly views: ViewStore;
  readonly sessions: Sessions;
  /** The text of the printed address. It also works as a bearer token. */
  readonly token: string;
  /** Bearer tokens of the service; `undefined` without one. */
  readonly tokens: Tokens | undefined;
  readonly wrong: WrongSecrets;
  /** Whether the console is read-only: no role can change anything. */
  readonly readOnly: boolean;
  /** The parts of `nsgflow serve`; `undefined` in `nsgflow console`, and until the service has started. */
  readonly service: () => ServiceParts | undefined;
  /** Whether there is a service, perhaps not started yet. */
  readonly hasService: boolean;
  readonly origin: () => string;
  readonly now: () => number;
  readonly wait: (millis: number) => Promise<void>;
  readonly onFault: (error: unknown) => void;
}

/** What the console asks of the service. */
export interface ServiceParts {
  readonly dataFolder: string;
  readonly control: ControlPlane;
  /** The control plane as a client has it. */
  readonly arm: ArmClient;
  readonly accounts: Accounts;
  readonly recorder: Recorder;
  /** `undefined` where the service has no lake. */
  readonly ingester: Ingester | undefined;
}

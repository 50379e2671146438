/** What the handlers of the management API work with; made in `api/main.ts`. */
import type { ConnectorTester } from '../activities/connectors/test.ts'
import type { OAuth } from '../activities/connectors/oauth/index.ts'
import type { Sealer } from '../platform/seal.ts'
import type { Scripting } from '../scripting/scripting.ts'
import type { InboxControl } from '../storage/inbox.ts'
import type { InboxRebuild } from '../storage/rebuild.ts'
import type { ReindexRequests } from '../storage/reindex.ts'
import type { Registry } from '../storage/registry.ts'
import type { RegistryGuard } from '../storage/registry-guard.ts'
import type { CycleActivator } from './cycles/activator.ts'
import type { OperationStarter } from './packages/starter.ts'
import type { TransactionViewer } from './temporal.ts'

export interface Services {
  readonly registry: Registry
  readonly guard: Pick<RegistryGuard, 'check' | 'establish'>
  readonly reindex: ReindexRequests
  readonly inbox: Pick<
    InboxControl,
    'create' | 'activate' | 'deactivate' | 'finish' | 'delete' | 'status' | 'list' | 'items' | 'transaction' | 'limitAccount' | 'stopTransaction'
  > &
    Pick<InboxRebuild, 'importCycle' | 'standing'>
  readonly scripting: Pick<Scripting, 'check'>
  readonly sealer: Pick<Sealer, 'seal' | 'open' | 'isSealed'>
  /** Calls applications: whether they take what an account authenticates itself with. */
  readonly connectors: ConnectorTester
  /** OAuth 2.0 of account connectors. */
  readonly oauth: Pick<OAuth, 'begin' | 'finish' | 'first' | 'obstacle' | 'revive'>
  readonly temporal: TransactionViewer
  /** Starts cycles that have to be subscribed at applications. */
  readonly activator: CycleActivator
  /** Operations on packages. */
  readonly operations: OperationStarter
  /** What the process cannot do without; each check ends within its own time, and rejects where the dependency does not answer. */
  readonly dependencies: readonly { readonly name: string; readonly check: () => Promise<void> }[]
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> }
  readonly settings: ApiSettings
}

export interface ApiSettings {
  /** What webhook URLs begin with, without a slash at the end. */
  readonly publicUrl: string
  readonly clientId: string
  readonly clientSecret: string
}

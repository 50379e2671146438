/** Operations on packages in accounts, and of LAUNCH on a template; and what they change at one instant (marketplace.md 2). */
import type { AccountId, CycleId } from '../domain/ids.ts'
import type { Json } from '../domain/json.ts'
import type { CycleState } from '../domain/states.ts'
import type { NotificationMessage } from '../workflows/messages.ts'
import type { Installation } from './installation.ts'

export type OperationKind = 'install' | 'uninstall' | 'start' | 'stop'

/** A cycle that an operation makes, or works on. */
export interface OperationCycle {
  readonly cycleId: CycleId
  /** Of its document, for people. */
  readonly name: string
  readonly templateId: string
  /** Absent where its template had no live release when the operation began. */
  readonly templateReleaseId?: string
  /** Of `install`, when it has ended: the state at that instant. */
  readonly state?: CycleState
}

/** What LAUNCH installs: one template, which is there as a cycle and nothing else (marketplace.md 3). */
export interface TemplateInstall {
  readonly templateId: string
  /** The cycle stops after its first run. */
  readonly runOnce: boolean
  /** Not where the account has a cycle of that template. */
  readonly singleInstall: boolean
}

/** What a user does to a package: durable, a workflow (marketplace.md 2). Id: a GUID. */
export interface Operation {
  readonly kind: OperationKind
  /** Empty, as the marketplace, where LAUNCH installs a template. */
  readonly packageId: string
  /** The template's where LAUNCH installs one. */
  readonly packageName: string
  readonly marketplaceId: string
  readonly template?: TemplateInstall
  readonly status: 'Running' | 'Completed' | 'Failed'
  readonly errors: readonly string[]
  /** ms since the epoch. */
  readonly startedAt: number
  readonly endedAt?: number
  /** In the package's order of templates. */
  readonly cycles: readonly OperationCycle[]
  /** Of `install`: the cycles start. */
  readonly autoStart: boolean
  /** Of the call, or the session. */
  readonly completeParameter?: string
  /** Of `install`, by `{templateId}.{variable}`, secret ones sealed; gone when it has ended. */
  readonly variables?: { readonly [name: string]: Json }
  /** Of `install`: id of the account connector that the cycles use, by the connector's name. */
  readonly accountConnectors?: { readonly [connector: string]: string }
}

/** What it works on: of each of these one operation is under way in an account. */
export const subjectOf = ({ packageId, template }: Pick<Operation, 'packageId' | 'template'>): string =>
  template === undefined ? packageId : templateSubject(template.templateId)

/** Of what LAUNCH installs. */
export const templateSubject = (templateId: string): string => `template/${templateId}`

export interface RunningOperation {
  readonly account: AccountId
  readonly id: string
}

/** How an operation ends, all of it at one instant. */
export interface OperationEnding {
  /** As it is from then on. */
  readonly operation: Operation
  /** What becomes of the installation; undefined: it stays as it is. */
  readonly installation: Installation | 'removed' | undefined
  readonly notification: NotificationMessage | undefined
  /** States that cycles must have at that instant, or nothing ends; undefined: it is not there. */
  readonly states: readonly { readonly cycle: CycleId; readonly state: CycleState | undefined }[]
}

/** Each method is one script unless it says otherwise. All reject with `StorageUnavailable` where Redis cannot be reached or does not answer in time. */
export interface Operations {
  get(account: AccountId, id: string): Promise<Operation | undefined>
  /** Those of these ids that are there, in one go. */
  getMany(account: AccountId, ids: readonly string[]): Promise<ReadonlyMap<string, Operation>>
  /** Operations under way in an account, by package, or by what `subjectOf` says of a template. */
  running(account: AccountId): Promise<ReadonlyMap<string, string>>
  /**
   * Writes the record, and what makes the worker start its workflow. `expected`: version of the installation that it was made from, undefined where there
   * was none. `running`: another operation of that installation is under way; `changed`: the installation is another by now; `gone`: the account is.
   */
  begin(account: AccountId, id: string, operation: Operation, expected: number | undefined): Promise<'begun' | 'running' | 'changed' | 'gone'>
  /** `over`: it has ended already, or is gone with its account. `changed`: a cycle is in another state. Nothing was written then. */
  finish(account: AccountId, id: string, ending: OperationEnding): Promise<'done' | 'over' | 'changed'>
  /** Those of a partition whose workflow is to be started, or looked for. Two steps. */
  due(partition: number, max: number): Promise<readonly (RunningOperation & { readonly operation: Operation })[]>
  /** Its workflow is there: it is looked for again after a while, in case it is lost. Nothing where the operation has ended. */
  started(operation: RunningOperation): Promise<void>
}

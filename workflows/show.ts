/** Shows operators where a transaction stands: current details and search attributes, set only when the workflow blocks and something changed (operations.md 5). */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import type { EndStatus } from '../domain/states.ts'
import type { Life } from './interpreter/life.ts'
import { detailsOf } from './interpreter/view.ts'
import type { Carried } from './messages.ts'

const TRANSACTION_STATUS = defineSearchAttributeKey('TransactionStatus', SearchAttributeType.KEYWORD)
const WAITING_FOR = defineSearchAttributeKey('WaitingFor', SearchAttributeType.KEYWORD_LIST)

type Shown = NonNullable<Carried['shown']>

export interface Show {
  /** Something changed. */
  later(): void
  now(): void
  /** Only the current details, at any moment: no command comes of it. */
  details(): void
  /** The search attributes as they are set. */
  shown(): Shown | undefined
}

export function createShow(life: () => Life, ended: () => EndStatus | undefined, before: Shown | undefined): Show {
  let dirty = true
  let shown = before
  return {
    later() {
      dirty = true
    },
    now() {
      if (!dirty) return
      dirty = false
      setCurrentDetails(detailsOf(life(), ended()))
      const next = attributesOf(life(), ended(), shown)
      if (next === undefined || same(next, shown)) return
      upsertSearchAttributes([
        { key: TRANSACTION_STATUS, value: next.status },
        { key: WAITING_FOR, value: next.waitingFor.length === 0 ? null : [...next.waitingFor] },
      ])
      shown = next
    },
    details: () => setCurrentDetails(detailsOf(life(), ended())),
    shown: () => shown,
  }
}

/** Undefined as long as there is nothing to say that Temporal's own status does not: each upsert is an event and a write. */
function attributesOf(life: Life, ended: EndStatus | undefined, shown: Shown | undefined): Shown | undefined {
  if (ended !== undefined) return shown !== undefined || ended === 'Stopped' ? { status: ended, waitingFor: [] } : undefined
  const { status, registered } = life.state
  if (status === 'InProgress') return shown && { status, waitingFor: shown.waitingFor }
  if (status === 'Errored') return { status, waitingFor: [] }
  return { status, waitingFor: [...registered].flatMap(([stepId, { hash }]) => (hash === undefined ? [] : [`${stepId}:${hash}`])).sort() }
}

const same = (a: Shown, b: Shown | undefined): boolean => b !== undefined && a.status === b.status && a.waitingFor.join() === b.waitingFor.join()

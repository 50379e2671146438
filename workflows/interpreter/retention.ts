/** How long a transaction is kept (cycles.md 6). All times in ms, points in time since the epoch. */
import { parseDuration } from '../../domain/duration.ts'
import type { EndStatus } from '../../domain/states.ts'
import type { TransactionInput } from '../messages.ts'
import type { State } from './state.ts'

/** It is removed that long after its acceptance at the latest; a run in progress ends first. */
export const removedAt = (input: TransactionInput): number => input.acceptedAt + input.limits.retentionMs

/** How long one that ended so is kept from the end of its latest run. */
export function retentionOf(input: TransactionInput, status: EndStatus): number {
  const { success, errored } = input.snapshot.document.settings?.retention ?? {}
  const text = status === 'Completed' ? success : errored
  return Math.min((text === undefined ? undefined : parseDuration(text)) ?? input.limits.retentionMs, input.limits.retentionMs)
}

/** Until when one that waits at its mid-cycle steps is kept. A retention of nothing does not cut the first wait. */
export function waitsUntil(input: TransactionInput, state: Pick<State, 'runs' | 'ranUntil'>): number {
  const retention = retentionOf(input, 'Completed')
  const last = removedAt(input)
  return state.runs <= 1 && retention === 0 ? last : Math.min(last, (state.ranUntil ?? input.acceptedAt) + retention)
}

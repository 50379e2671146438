/** What operators see of each step: its latest execution, and how many there were. */
import type { Step } from '../../domain/document.ts'
import type { StepRecord } from '../messages.ts'
import type { Life } from './life.ts'

/** A step begins; answers which execution of it this is, from 1. */
export function beginStep(life: Life, step: Step): number {
  const { records } = life.state
  const before = records.get(step.id)
  const attempts = (before?.attempts ?? 0) + 1
  const retries = before?.retries === undefined ? {} : { retries: before.retries }
  records.set(step.id, { stepId: step.id, stepName: step.name ?? step.id, status: 'Running', startedAt: life.context.now(), attempts, ...retries })
  life.context.changed()
  return attempts
}

export function endStep(life: Life, step: Step, status: StepRecord['status']): void {
  const record = life.state.records.get(step.id)
  if (record === undefined) return
  record.status = status
  if (status !== 'Waiting') record.endedAt = life.context.now()
  life.context.changed()
}

/** An execution that was cut off, or that failed and is tried again, goes on. */
export function resumeStep(life: Life, step: Step): void {
  const record = life.state.records.get(step.id)
  if (record === undefined || record.status === 'Running') return
  if (record.status === 'Retrying') record.retries = (record.retries ?? 0) + 1
  record.status = 'Running'
  delete record.endedAt
  life.context.changed()
}

/** A try failed and another one comes. */
export function retryStep(life: Life, step: Step): void {
  const record = life.state.records.get(step.id)
  if (record !== undefined) record.status = 'Retrying'
  life.context.changed()
}

/** The run was cut off: what was under way did not come to its end. */
export function stopRecords(life: Life): void {
  for (const record of life.state.records.values()) {
    if (record.status !== 'Running' && record.status !== 'Retrying') continue
    record.status = 'Stopped'
    record.endedAt = life.context.now()
  }
}

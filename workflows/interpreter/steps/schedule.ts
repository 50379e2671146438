import { nextOf } from '../../../domain/graph.ts'
import type { StepRunner } from './runner.ts'

/** A trigger: the transaction that it began goes on by `next`. */
export const schedule: StepRunner<'schedule'> = step => ({ kind: 'leaves', exits: nextOf(step) })

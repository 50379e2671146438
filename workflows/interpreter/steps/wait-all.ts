import type { StepRunner } from './runner.ts'

/** The path stands here until every other path of the run has ended or stands (cycles.md 4): the walk joins them. */
export const waitAll: StepRunner<'waitAll'> = () => ({ kind: 'joins' })

import type { StepRunner } from './runner.ts'

/** A mid-cycle webhook holds the path until its URL gets a matching request: that is a run of its own (webhooks.md 6). */
export const webhook: StepRunner<'webhook'> = () => ({ kind: 'stands' })

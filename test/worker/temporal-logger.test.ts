import { ActivityFailure, ApplicationFailure, RetryState } from '@temporalio/common'
import { expect, it } from 'vitest'
import { makeTemporalLogger } from '../../worker/temporal-logger.ts'

it("Temporal's lines become ours, with no payload of a step that failed (operations.md 6)", () => {
  const lines: string[] = []
  const write = (level: string) => (fields: object, message: string) => void lines.push(JSON.stringify({ level, ...fields, message }))
  const logger = makeTemporalLogger({ debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') })
  const failure = ApplicationFailure.nonRetryable('answered 400 private', 'callFailed', { body: 'private' })
  logger.warn('Activity failed', { activityId: 'call', error: failure })
  logger.warn('Workflow failed', { error: new ActivityFailure('private', 'callHttp', 'call', RetryState.NON_RETRYABLE_FAILURE, 'worker', failure) })
  logger.error('A fault', { error: new TypeError('of ours') })
  logger.info('Ready')
  expect(lines.join()).not.toContain('private')
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    { level: 'warn', activityId: 'call', error: { name: 'ApplicationFailure', type: 'callFailed' }, component: 'temporal', message: 'Activity failed' },
    { level: 'warn', error: { name: 'ActivityFailure' }, component: 'temporal', message: 'Workflow failed' },
    { level: 'error', error: { name: 'TypeError', message: 'of ours', stack: expect.any(String) }, component: 'temporal', message: 'A fault' },
    { level: 'info', component: 'temporal', message: 'Ready' },
  ])
})

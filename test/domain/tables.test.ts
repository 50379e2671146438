import { describe, expect, it } from 'vitest'
import { ApiError, apiErrors, StepError, stepErrors, StorageUnavailable } from '../../domain/errors.ts'
import { asAccountId, asCycleId, asIdentifier, asRequestId, asTransactionId } from '../../domain/ids.ts'
import { webhookAnswers } from '../../domain/webhook-answers.ts'

describe('tables', () => {
  it('the answers of webhooks are these, to the character', () => {
    expect(Object.values(webhookAnswers).map(({ status, body }) => `${status} ${body}`)).toEqual([
      '404 Webhook not found.',
      '406 Please make sure your webhook is active.',
      '200 Webhook accepted.',
      '200 Webhook found.',
      '405 Method not allowed.',
      '413 Webhook payload too large.',
      '400 Webhook payload could not be parsed.',
      '400 Idempotency key is not valid.',
      '401 Webhook signature is not valid.',
      '429 Too many webhooks waiting.',
      '500 Webhook failed.',
      '503 Webhook temporarily unavailable.',
      '504 Webhook response timed out.',
    ])
  })
  it('an error of the management API has the status of its code', () => {
    const error = new ApiError('cycle_running', 'The cycle runs.')
    expect([error.status, error.code, error.message, error.problems, error.name]).toEqual([409, 'cycle_running', 'The cycle runs.', [], 'ApiError'])
    expect(new ApiError('document_invalid', 'x', [{ path: 'name', message: 'y' }]).problems).toHaveLength(1)
    for (const [code, status] of Object.entries(apiErrors)) {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)+$/)
      expect(status).toBeGreaterThanOrEqual(400)
    }
  })
  it('the messages of incidents are these, to the character (cycles.md 5)', () => {
    expect(Object.values(stepErrors).map(({ message }) => message)).toEqual([
      'Trigger Skipped',
      'Transaction Stopped',
      'Out of retries',
      'Failed to authenticate the connector',
      'Required source is empty',
      'Webhook failed',
      'Failed to build the request',
      'Response data not in expected format',
      'Failed to call the method',
      'Response data fields missing',
      'Step data cannot be split',
      'Failed to split transaction step data',
      'Failed to save the webhook response',
      'Failed to return the webhook response',
      'Failed to build the webhook response',
      'Failed to find the webhook source key',
      'Wait Until Failed To Run',
      'Wait Until is over retention period',
      'Field is not a valid DateTime',
      'WaitUntil step is missing wait criteria',
    ])
  })
  it("a step's error has the message of its code, and a detail", () => {
    const error = new StepError('callFailed', 'answered 500')
    expect([error.message, error.code, error.detail, error.name]).toEqual([stepErrors.callFailed.message, 'callFailed', 'answered 500', 'StepError'])
    expect(new StorageUnavailable('x').name).toBe('StorageUnavailable')
  })
  it('ids are the strings themselves', () => {
    expect([asAccountId('a'), asCycleId('b'), asTransactionId('c'), asRequestId('d'), asIdentifier('e')]).toEqual(['a', 'b', 'c', 'd', 'e'])
  })
})

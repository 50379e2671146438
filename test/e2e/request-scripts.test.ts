import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestCycle } from '../support/client.ts'
import { startSystem, type TestSystem } from '../support/system.ts'

let system: TestSystem
let cycle: TestCycle

const SCRIPT = `
  function before_action() {
    if (method_request.qty < 1) throw new Error('Nothing to order')
    method_request.region = cycle_variables.region
    method_request_headers['X-Key'] = method_request_headers.Authorization.replace('Bearer ', '')
    method_request_headers['X-Signature'] = cyclr_sign('HMAC-SHA256', script_parameters.salt, JSON.stringify(method_request))
    action_data.asked = method_request.qty
    console.log('key', method_request_headers['X-Key'])
    return true
  }
  function after_action() {
    method_response = { left: method_response.stock - action_data.asked, key: method_request_headers['X-Key'] }
    return true
  }
  function after_error() {
    if (method_error.statusCode === 404) { method_error.isError = false; method_error.isWarning = true }
    return true
  }`

beforeAll(async () => {
  system = await startSystem()
  system.receiver.respond(({ json }) => {
    const qty = Object(json).qty
    return qty === 404 || qty === 400 ? { status: qty, body: { error: 'sold out' } } : { body: { stock: 10 } }
  })
  cycle = await system.client.cycle({
    name: 'Scripted',
    variables: [
      { name: 'key', secret: true, value: 's3cr3t' },
      { name: 'region', value: 'eu' },
    ],
    steps: [
      { id: 'order', type: 'webhook', next: 'reserve' },
      {
        id: 'reserve',
        type: 'request',
        method: 'POST',
        url: `${system.receiver.url}/reserve`,
        headers: { Authorization: 'Bearer {{variables.key}}' },
        body: { qty: '{{order.body.qty}}' },
        script: SCRIPT,
        scriptParameters: { salt: '{{order.body.salt}}' },
        next: 'answer',
      },
      { id: 'answer', type: 'synchronousResponse', body: '{{reserve}}' },
    ],
  })
})
afterAll(async () => system?.stop())

describe('the script of a request step', () => {
  it('makes the request, and what becomes of the answer; a secret goes where it puts it, and is seen nowhere', async () => {
    const reply = await cycle.post({ qty: 3, salt: 'pepper' })
    expect(JSON.parse(reply.body)).toMatchObject({ status: 200, body: { left: 7, key: '********' } })
    const [sent] = await system.receiver.waitFor('/reserve')
    expect(sent?.json).toEqual({ qty: 3, region: 'eu' })
    expect(sent?.headers).toMatchObject({
      authorization: 'Bearer s3cr3t',
      'x-key': 's3cr3t',
      'x-signature': createHmac('sha256', 'pepper').update('{"qty":3,"region":"eu"}').digest('hex'),
    })
  })

  it('makes a warning of an error, and the transaction goes on', async () => {
    const reply = await cycle.post({ qty: 404, salt: 'x' })
    expect(JSON.parse(reply.body)).toMatchObject({ status: 404, body: { error: 'sold out' } })
    const { Incidents } = await cycle.settled(reply.transaction ?? '', ['Completed'])
    expect(Incidents).toMatchObject([{ IncidentLevel: 'Warning', StepId: 'reserve', Message: 'Failed to call the method' }])
  })

  it('that throws is a step error with its message and what it logged; an error that it leaves one stays one', async () => {
    const thrown = await cycle.post({ qty: 0, salt: 'x' })
    expect(thrown).toMatchObject({ status: 500, body: 'Webhook failed.' })
    const { Incidents } = await cycle.settled(thrown.transaction ?? '', ['Errored'])
    expect(Incidents).toMatchObject([
      { IncidentLevel: 'Error', Message: 'Failed to build the request', Detail: 'before_action: The script threw: Nothing to order' },
    ])
    const failed = await cycle.post({ qty: 400, salt: 'x' })
    const told = (await cycle.settled(failed.transaction ?? '', ['Errored'])).Incidents
    expect(told).toMatchObject([{ Message: 'Failed to call the method', Detail: expect.stringContaining('console.log: key ********') }])
    expect(JSON.stringify(told)).not.toContain('s3cr3t')
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { midCycle, simple, startEndpoint, type Harness, type HarnessCycle } from './harness.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startEndpoint()
})
afterAll(async () => harness?.close())

const withScript = (script: string, more: object = {}): Promise<HarnessCycle> => harness.cycle(simple({ script, ...more }))

/** What was stored of the transaction that a reply names. */
async function stored(cycle: HarnessCycle): Promise<unknown> {
  const turn = await harness.take(cycle.place)
  const claimed = await harness.inbox.claim(turn, 10, undefined)
  await harness.inbox.release(turn)
  if (claimed.state !== 'ok') throw new Error(claimed.state)
  return JSON.parse(claimed.entries[0]?.data ?? 'null')
}

const counted = async (cycle: HarnessCycle): Promise<number> => (await harness.inbox.status(cycle.place))?.queued ?? -1

describe('before_webhook', () => {
  it('that returns true, or nothing, lets the request go on', async () => {
    for (const end of ['return true', 'return', '']) {
      const cycle = await withScript(`function before_webhook() { ${end} }`)
      expect(await cycle.post({})).toMatchObject({ status: 200, body: 'Webhook accepted.' })
    }
  })

  it('that returns false stops it with its own answer, for every method and in any state', async () => {
    const script = `function before_webhook() {
      method_response = { challenge: method_request_parameters.challenge, method: method_request_method }
      method_response_headers['X-Seen'] = method_request_headers['x-sent']
      method_response_status = 202
      return false
    }`
    const cycles = [await withScript(script), await harness.cycle(simple({ script }), 'Paused')]
    for (const cycle of cycles)
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        const reply = await cycle.post(undefined, { method, query: '?challenge=42', headers: { 'x-sent': 'yes' } })
        expect(reply).toMatchObject({ status: 202, body: JSON.stringify({ challenge: '42', method }), transaction: undefined })
        expect(reply.headers['x-seen']).toBe('yes')
        expect(reply.headers['content-type']).toMatch(/^application\/json/)
      }
    for (const cycle of cycles) expect(await counted(cycle)).toBe(0)
  })

  it('answers text as it is, and nothing as an empty body with 200', async () => {
    const text = await withScript(`function before_webhook() { method_response = 'plain'; return false }`)
    expect(await text.post()).toMatchObject({ status: 200, body: 'plain' })
    const empty = await withScript(`function before_webhook() { return false }`)
    expect(await empty.post()).toMatchObject({ status: 200, body: '' })
  })

  it('sees the URL, the parsed body and its parameters', async () => {
    const script = `function before_webhook() {
      method_response = { url: method_endpoint, body: method_request, parameters: script_parameters }
      return false
    }`
    const cycle = await withScript(script, { scriptParameters: { a: 1 } })
    const url = `http://public.example/api/webhook/${cycle.identifiers['order']}`
    expect(JSON.parse((await cycle.post({ n: 1 }, { query: '?x=1' })).body)).toEqual({ url, body: { n: 1 }, parameters: { a: 1 } })
    const raw = await cycle.post('{"n":', { headers: { 'content-type': 'application/json' } })
    expect(JSON.parse(raw.body)).toMatchObject({ body: '{"n":' })
  })

  it('turns another method into a POST with method_request as its body', async () => {
    const cycle = await withScript(`function before_webhook() {
      method_request_method = 'POST'
      method_request = { from: method_request_parameters.id }
    }`)
    const reply = await cycle.post(undefined, { method: 'GET', query: '?id=7' })
    expect(reply).toMatchObject({ status: 200, body: 'Webhook accepted.' })
    expect(reply.transaction).toBeDefined()
    expect(await stored(cycle)).toMatchObject({ body: { from: '7' }, query: { id: '7' }, method: 'POST' })
  })

  it('may put a body in the place of one that does not parse; else it stays a 400', async () => {
    const headers = { 'content-type': 'application/json' }
    const mending = await withScript(`function before_webhook() { method_request = { text: method_request } }`)
    expect(await mending.post('{"n":', { headers })).toMatchObject({ status: 200 })
    expect(await stored(mending)).toMatchObject({ body: { text: '{"n":' } })
    const looking = await withScript(`function before_webhook() { return method_request !== '' }`)
    expect(await looking.post('{"n":', { headers })).toMatchObject({ status: 400, body: 'Webhook payload could not be parsed.' })
  })

  it.each([
    ['throws', `function before_webhook() { throw new Error('not today') }`, 'not today'],
    ['loops', `function before_webhook() { for (;;) {} }`, ''],
    ['recurses', `function before_webhook() { return before_webhook() + 1 }`, ''],
    ['allocates without end', `function before_webhook() { const all = []; for (;;) all.push('x'.repeat(1e6) + all.length) }`, ''],
    ['answers a status that is none', `function before_webhook() { method_response_status = 'no'; return false }`, 'method_response_status'],
  ])('that %s is 500 and an error incident; nothing is started', async (_, script, message) => {
    const cycle = await withScript(script)
    expect(await cycle.post({})).toMatchObject({ status: 500, body: 'Webhook failed.' })
    const [incident] = await until(async () => {
      const found = await harness.registry.incidents.list(cycle.place, { limit: 10 })
      return found.length > 0 && found
    })
    expect(incident).toMatchObject({ level: 'Error', message: 'Webhook failed', stepId: 'order' })
    expect(incident?.detail).toContain(message)
    expect(await counted(cycle)).toBe(0)
    await until(async () => (await harness.inbox.status(cycle.place))?.errors === 1)
  })

  it('writes console.log to the incident log', async () => {
    const cycle = await withScript(`function before_webhook() { console.log('seen', 1) }`)
    expect((await cycle.post({})).status).toBe(200)
    const [line] = await until(async () => {
      const found = await harness.registry.incidents.list(cycle.place, { limit: 10 })
      return found.length > 0 && found
    })
    expect(line?.detail).toContain('seen')
  })

  it('leaves no credentials of the sender in the incident log, nor other secrets of the cycle (webhooks.md 10)', async () => {
    const verify = { scheme: 'header', header: 'X-Key', value: 'sealed:h34der/secret' }
    const script = `function before_webhook() {
      console.log('x'.repeat(995) + method_request_headers['x-key'])
      if (method_request.fail) throw new Error(encodeURIComponent(method_request_headers['x-key']) + ' is known, and ' + method_request.fail)
    }`
    const cycle = await harness.cycle({ ...simple({ script, verify }), variables: [{ name: 'closed', value: 'sealed:v4riable', secret: true }] })
    const headers = { 'x-key': 'h34der/secret' }
    expect((await cycle.post({}, { headers })).status).toBe(200)
    expect((await cycle.post({ fail: 'v4riable' }, { headers })).status).toBe(500)
    const found = await until(async () => {
      const listed = await harness.registry.incidents.list(cycle.place, { limit: 10 })
      return listed.length === 2 && listed
    })
    const line = `${'x'.repeat(995)}********`
    expect(found.map(({ detail }) => detail).sort()).toEqual([`******** is known, and ********\n\nconsole.log:\n${line}`, line].sort())
  })

  it('runs in a fresh context for each request', async () => {
    const cycle = await withScript(`let n = 0
      function before_webhook() { method_response = { n: ++n }; return false }`)
    for (let time = 0; time < 3; time++) expect((await cycle.post()).body).toBe('{"n":1}')
  })
})

describe('after_webhook', () => {
  it('rewrites the body that becomes the step data, and sees who it runs for', async () => {
    const cycle = await harness.cycle({
      ...simple({
        script: `function after_webhook() {
          method_response = { was: method_response, variables: cycle_variables, cycle: cycle_id, step: cycle_step_id,
            account: cyclr_account_id, external: external_account_id, tx: transaction_id, parameters: script_parameters }
        }`,
        scriptParameters: { p: 1 },
      }),
      variables: [
        { name: 'open', value: 'o' },
        { name: 'closed', value: 'sealed:c', secret: true },
      ],
    })
    const reply = await cycle.post({ n: 1 })
    expect(await stored(cycle)).toMatchObject({
      body: {
        was: { n: 1 },
        variables: { open: 'o' },
        cycle: cycle.place.cycle,
        step: 'order',
        account: cycle.place.account,
        external: 'shop-1',
        tx: reply.transaction,
        parameters: { p: 1 },
      },
    })
  })

  it('that returns false ignores the request: 200, no transaction, its key used up', async () => {
    const cycle = await withScript(`function after_webhook() { return method_response.keep }`)
    expect(await cycle.post({ keep: false }, { key: 'k' })).toMatchObject({ status: 200, body: 'Webhook accepted.', transaction: undefined, replayed: false })
    expect(await cycle.post({ keep: true }, { key: 'k' })).toMatchObject({ status: 200, body: 'Webhook accepted.', transaction: undefined, replayed: true })
    expect((await cycle.post({ keep: true })).transaction).toBeDefined()
    expect((await harness.inbox.status(cycle.place))?.ignored).toBe(1)
    expect(harness.logged).toContainEqual(expect.objectContaining({ cycle: cycle.place.cycle }))
  })

  it('runs only for requests that would be accepted: a stopped cycle yes, a paused one no', async () => {
    const script = `function after_webhook() { throw new Error('ran') }`
    const paused = await harness.cycle(simple({ script }), 'Paused')
    expect((await paused.post({})).status).toBe(406)
    const stopped = await withScript(script)
    await harness.inbox.deactivate(stopped.place)
    expect(await stopped.post({})).toMatchObject({ status: 500, body: 'Webhook failed.' })
  })

  it('does not run for a repeat', async () => {
    const cycle = await withScript(`function after_webhook() { if (method_response.fail) throw new Error('ran') }`)
    const first = await cycle.post({}, { key: 'k' })
    expect(await cycle.post({ fail: true }, { key: 'k' })).toMatchObject({ status: 200, transaction: first.transaction, replayed: true })
  })

  it('of a mid-cycle webhook has no transaction id, and its body is what is matched', async () => {
    const cycle = await harness.cycle(midCycle({ script: `function after_webhook() { method_response = { id: method_response.inner + transaction_id } }` }))
    const order = await cycle.post({ id: 'a' })
    expect((await cycle.post({ inner: 'a' }, { step: 'update' })).transaction).toBe(order.transaction)
  })
})

import { randomUUID } from 'node:crypto'
import { ApplicationFailure } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callHttp } from '../../activities/call-http.ts'
import type { HttpCall, HttpResult, OutgoingCall } from '../../activities/contract.ts'
import type { HttpAnswer } from '../../activities/http/index.ts'
import type { CycleDocument } from '../../domain/document.ts'
import { asAccountId, asCycleId, asTransactionId } from '../../domain/ids.ts'
import type { Json } from '../../domain/json.ts'
import { escapeMarks, secretReference } from '../../domain/secrets.ts'
import { createScripting } from '../../scripting/index.ts'

const scripting = createScripting({ timeoutMs: 2_000, memoryBytes: 64 * 1024 * 1024, threads: 1 })
beforeAll(() => scripting.check('1', 'script'))
afterAll(() => scripting.close())

const place = { account: asAccountId(randomUUID()), cycle: asCycleId(randomUUID()) }
const transaction = asTransactionId(randomUUID())
const SECRET = 's3cr3t/+'
const KEY = secretReference('key')

interface Setup {
  readonly source: string
  readonly call?: Partial<HttpCall>
  readonly answer?: Partial<HttpAnswer>
  readonly settings?: CycleDocument['settings']
}

/** One call with a script, in the real sandbox; what is sent is kept, and answered as the test says. */
async function made({ source, call = {}, answer = {}, settings }: Setup): Promise<{ sent: OutgoingCall[]; result?: HttpResult; failure?: ApplicationFailure }> {
  const sent: OutgoingCall[] = []
  const document: CycleDocument = {
    name: 'Test',
    steps: [],
    variables: [{ name: 'key', secret: true, value: `sealed:${SECRET}` }],
    ...(settings === undefined ? {} : { settings }),
  }
  const account = { id: place.account, apiId: 'acme', name: 'A', description: '', timezone: 'UTC', createdAt: 0, userId: '' }
  const deps: Parameters<typeof callHttp>[0] = {
    scripting,
    cycles: { get: async () => ({ place, version: 1, createdAt: 0, updatedAt: 0, document, identifiers: {}, hash: '', account }) },
    sealer: { open: sealed => sealed.slice('sealed:'.length), isSealed: text => text.startsWith('sealed:') },
    guard: { look: async () => 'there' },
    runtime: () => ({ heartbeat: () => undefined, signal: new AbortController().signal, runId: 'run', attempt: 1 }),
    http: {
      async call(filled) {
        sent.push(filled)
        return { status: 200, headers: {}, body: null, reason: '', ...answer }
      },
    },
  }
  const asked: HttpCall = {
    place,
    transaction,
    stepId: 'call',
    idempotencyKey: 'key',
    method: 'POST',
    url: 'http://shop.test/orders',
    timeoutMs: 1_000,
    script: { source, variables: { region: 'eu' }, account: { id: place.account, apiId: 'acme' } },
    ...call,
  }
  try {
    return { sent, result: await callHttp(deps, asked) }
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error
    expect(error.nonRetryable).toBe(true)
    return { sent, failure: error }
  }
}
const failed = async (setup: Setup): Promise<[type: string | null | undefined, message: string | undefined, sent: number]> => {
  const { failure, sent } = await made(setup)
  return [failure?.type, failure?.message, sent.length]
}
const before = (body: string): string => `function before_action() { ${body} }`
const after = (body: string): string => `function after_action() { ${body} }`
const afterError = (body: string): string => `function after_error() { ${body} }`
/** What the script's function sees, as the body of the answer. */
async function seen(names: string, setup: Omit<Setup, 'source'> = {}): Promise<Json | undefined> {
  return (await made({ source: after(`method_response = { ${names} }`), ...setup })).result?.body
}

describe('before_action', () => {
  it('changes what is sent: address, method, headers, query and body', async () => {
    const { sent, result } = await made({
      source: before(`
        method_endpoint += '/7'
        method_request_method = 'patch'
        method_request_headers['X-Trace'] = 'a'
        delete method_request_headers.drop
        method_request_parameters.page = 2
        method_request.lines.push({ sku: 'b' })
        return true`),
      call: { headers: { drop: '1', keep: '2' }, body: { lines: [{ sku: 'a' }] } },
      answer: { status: 201, headers: { a: 'b' }, body: { id: 7 } },
    })
    expect(sent).toMatchObject([
      {
        url: 'http://shop.test/orders/7',
        method: 'patch',
        headers: { 'X-Trace': 'a', keep: '2' },
        query: { page: 2 },
        body: { lines: [{ sku: 'a' }, { sku: 'b' }] },
      },
    ])
    expect(sent[0]?.headers).not.toHaveProperty('drop')
    expect(result).toEqual({ status: 201, headers: { a: 'b' }, body: { id: 7 } })
  })

  it('sees its transaction, its parameters, and every variable but the secret ones', async () => {
    const source = before(
      'method_request = { cycle_variables, cycle_id, cycle_step_id, cyclr_account_id, external_account_id, transaction_id, script_parameters, script_execution_context, method_request_mergefields, action_data }',
    )
    const { sent } = await made({ source, call: { scriptParameters: { a: [1] } } })
    expect(sent[0]?.body).toEqual({
      cycle_variables: { region: 'eu' },
      cycle_id: place.cycle,
      cycle_step_id: 'call',
      cyclr_account_id: place.account,
      external_account_id: 'acme',
      transaction_id: transaction,
      script_parameters: { a: [1] },
      script_execution_context: 'RUNNING_TRANSACTION',
      method_request_mergefields: {},
      action_data: {},
    })
  })

  it('a request without a body stays without one; null and undefined take a body away', async () => {
    expect((await made({ source: before('return method_request === null') })).sent[0]).not.toHaveProperty('body')
    expect((await made({ source: before('method_request = null'), call: { body: { a: 1 } } })).sent[0]).not.toHaveProperty('body')
    expect((await made({ source: before('method_request = undefined'), call: { body: { a: 1 } } })).sent[0]).not.toHaveProperty('body')
    expect((await made({ source: before(''), call: { body: null } })).sent[0]).toHaveProperty('body', null)
  })

  it('no return value and true go on; false aborts with a step error, and nothing is sent', async () => {
    expect((await made({ source: before('') })).sent).toHaveLength(1)
    expect((await made({ source: before('return true') })).sent).toHaveLength(1)
    expect(await failed({ source: before('return false') })).toEqual(['buildFailed', 'before_action returned false', 0])
  })

  it('that throws fails to build the request, with its message and what it logged', async () => {
    expect(await failed({ source: before(`console.log('qty', method_request.qty); throw new Error('no stock')`), call: { body: { qty: 0 } } })).toEqual([
      'buildFailed',
      'before_action: The script threw: no stock\nconsole.log: qty 0',
      0,
    ])
  })

  it.each([
    ['for (;;) {}', 'before_action: The script took too long'],
    ['const a = []; for (;;) a.push(new Array(1e5).fill(1))', 'before_action: The script needed too much memory'],
    ['method_request = before_action', "before_action: The script's result is no data"],
    ['method_endpoint = 7', 'before_action: method_endpoint is no longer a text'],
    ['method_request_headers = [1]', 'before_action: method_request_headers is no longer an object'],
  ])('fails to build the request: %s', async (body, message) => {
    const [type, told, sent] = await failed({ source: before(body) })
    expect([type, sent]).toEqual(['buildFailed', 0])
    expect(told).toContain(message)
  })

  it('is called nowhere where the script has none, and a script that cannot be parsed sends nothing', async () => {
    expect((await made({ source: 'const x = 1' })).result).toEqual({ status: 200, headers: {}, body: null })
    const [type, , sent] = await failed({ source: 'function before_action( {' })
    expect([type, sent]).toEqual(['buildFailed', 0])
  })
})

describe('after_action', () => {
  it('makes the body of the step data from the answer; status and headers stay', async () => {
    const { result } = await made({
      source: after('method_response = method_response.items.map(item => item.sku); return true'),
      answer: { status: 201, headers: { a: 'b' }, body: { items: [{ sku: 'a' }, { sku: 'b' }] } },
    })
    expect(result).toEqual({ status: 201, headers: { a: 'b' }, body: ['a', 'b'] })
    expect((await made({ source: after('method_response.n = 1'), answer: { body: { a: 0 } } })).result?.body).toEqual({ a: 0, n: 1 })
    expect((await made({ source: after('method_response = undefined'), answer: { body: 1 } })).result?.body).toBeNull()
  })

  it('sees answer and request', async () => {
    expect(
      await seen(
        'method_endpoint, method_request_method, method_request, method_request_headers, method_request_parameters, method_response_headers, method_response_status, statusCode, reasonPhrase, cycle_id',
        { call: { headers: { h: '1' }, query: { q: 1 }, body: { b: 1 } }, answer: { status: 202, headers: { a: 'b' }, reason: 'Taken' } },
      ),
    ).toEqual({
      method_endpoint: 'http://shop.test/orders',
      method_request_method: 'POST',
      method_request: { b: 1 },
      method_request_headers: { h: '1' },
      method_request_parameters: { q: 1 },
      method_response_headers: { a: 'b' },
      method_response_status: 202,
      statusCode: 202,
      reasonPhrase: 'Taken',
      cycle_id: place.cycle,
    })
  })

  it('takes what before_action left in action_data and method_request_mergefields, and the request as it was sent', async () => {
    const source = `
      let top = 0
      function before_action() { top++; action_data.started = 'x'; method_request_mergefields.m = 1; method_request.b = 2; script_parameters.p = 1 }
      function after_action() { method_response = { top, action_data, method_request_mergefields, method_request, script_parameters } }`
    expect((await made({ source, call: { body: { a: 1 } } })).result?.body).toEqual({
      top: 0,
      action_data: { started: 'x' },
      method_request_mergefields: { m: 1 },
      method_request: { a: 1, b: 2 },
      script_parameters: {},
    })
  })

  it('is followed by after_action_paging, which gets what it made', async () => {
    const source = `${after('method_response.push(1); action_data.n = 1')} function after_action_paging() { method_response.push(action_data.n + 1) }`
    expect((await made({ source, answer: { body: [] } })).result?.body).toEqual([1, 2])
    expect((await made({ source: 'function after_action_paging() { method_response = 1 }' })).result?.body).toBe(1)
  })

  it('that throws or returns false is a failed call, with the answer in the detail', async () => {
    const answer = { body: { error: 'closed' } }
    expect(await failed({ source: after('console.log(1); throw new Error(method_response.error)'), answer, call: { body: { id: 7 } } })).toEqual([
      'callFailed',
      'after_action: The script threw: closed\nPOST http://shop.test/orders answered 200\n{"error":"closed"}\nRequest: {"id":7}\nconsole.log: 1',
      1,
    ])
    expect(await failed({ source: after('return false'), answer, settings: { log: 'none' } })).toEqual([
      'callFailed',
      'after_action returned false\nPOST http://shop.test/orders answered 200',
      1,
    ])
    expect((await failed({ source: 'function after_action_paging() { throw 1 }' }))[1]).toContain('after_action_paging: The script threw: 1')
  })

  it('that makes too much of an answer is a failed call', async () => {
    const [type, message] = await failed({ source: after(`method_response = 'x'.repeat(11000000)`) })
    expect([type, message]).toEqual(['callFailed', expect.stringContaining("after_action: The script's result is no data: The script's result is over 10 MiB")])
  })

  it('is not called for an error', async () => {
    expect((await failed({ source: after('throw 1'), answer: { status: 404 } }))[1]).toContain('answered 404')
  })
})

describe('after_error', () => {
  const answer = { status: 400, headers: { a: 'b' }, body: { code: 'E1' }, reason: 'Email Address not valid' }

  it('sees the error, and leaves it one where it changes nothing', async () => {
    const source = afterError('console.log(method_error); console.log(method_response.code, statusCode, action_data)')
    const { failure } = await made({ source, answer })
    expect([failure?.type, failure?.message.split('\n')]).toEqual([
      'callFailed',
      [
        'POST http://shop.test/orders answered 400',
        '{"code":"E1"}',
        'console.log: {"statusCode":400,"reasonPhrase":"Email Address not valid","content":"{\\"code\\":\\"E1\\"}","isError":true,"isWarning":false,"isSuccess":false}',
        'console.log: E1 400 {}',
      ],
    ])
  })

  it('turns it into a success, with content as the body', async () => {
    const source = (content: string) => afterError(`method_error.isError = false; method_error.isSuccess = true; ${content}; return true`)
    const bodies = ['', `method_error.content = '{}'`, `method_error.content = { a: [1] }`, `method_error.content = 'plain'`, 'delete method_error.content']
    const results = await Promise.all(bodies.map(content => made({ source: source(content), answer })))
    expect(results.map(({ result }) => result?.body)).toEqual([{ code: 'E1' }, {}, { a: [1] }, 'plain', null])
    expect(results[1]?.result).toEqual({ status: 400, headers: { a: 'b' }, body: {} })
    expect((await made({ source: afterError('method_error.isError = false'), answer })).result?.status).toBe(400)
  })

  it('turns it into a warning: the step goes on, and the detail of its incident is told', async () => {
    const source = afterError(`method_error.isError = false; method_error.isWarning = true; console.log('known')`)
    const { result } = await made({ source, answer, call: { headers: { k: KEY }, body: { k: KEY } } })
    expect(result).toEqual({
      status: 400,
      headers: { a: 'b' },
      body: { code: 'E1' },
      warning: 'POST http://shop.test/orders answered 400\n{"code":"E1"}\nRequest: {"k":"********"}\nconsole.log: known',
    })
  })

  it('that throws or returns false leaves the error, and says why', async () => {
    expect((await failed({ source: afterError(`throw new Error('Shop: ' + method_response.code)`), answer }))[1]).toBe(
      'after_error: The script threw: Shop: E1\nPOST http://shop.test/orders answered 400\n{"code":"E1"}',
    )
    const [, message] = await failed({ source: afterError('method_error.isSuccess = true; return false'), answer })
    expect(message).toContain('after_error returned false')
  })

  it('sees text as it came, and XML as XML; a missing reason phrase is the usual one', async () => {
    const told = async (more: Partial<HttpAnswer>) =>
      (
        await made({
          source: afterError('method_error.isSuccess = true; method_error.content = [method_error.content, method_error.reasonPhrase]'),
          answer: more,
        })
      ).result?.body
    expect(await told({ status: 404, body: 'gone' })).toEqual(['gone', 'Not Found'])
    expect(await told({ status: 404, body: null })).toEqual(['', 'Not Found'])
    expect(await told({ status: 499, headers: { 'content-type': 'text/xml' }, body: { e: { '@c': '1', m: 'x' } } })).toEqual(['<e c="1"><m>x</m></e>', ''])
  })
})

describe('a secret (cycles.md 3)', () => {
  const held = {
    url: `http://shop.test/${KEY}`,
    headers: { Authorization: `Bearer ${KEY}` },
    query: { [KEY]: 1 },
    body: { nested: [KEY] },
    auth: { type: 'bearer', token: KEY },
  }
  const everything = `Object.fromEntries(Object.getOwnPropertyNames(globalThis).filter(n => /^(method|action|cycle|script|cyclr|external|transaction)_/.test(n) && typeof globalThis[n] !== 'function').map(n => [n, globalThis[n]]))`

  it('is put in where the script left it, whatever it does elsewhere', async () => {
    expect((await made({ source: before('method_request.more = true'), call: held })).sent).toMatchObject([
      {
        url: `http://shop.test/${SECRET}`,
        headers: { Authorization: `Bearer ${SECRET}` },
        query: { [SECRET]: 1 },
        body: { nested: [SECRET], more: true },
        auth: { token: SECRET },
      },
    ])
  })

  it('can be moved about in the request', async () => {
    const source = before(`
      method_request_headers['X-Key'] = method_request_headers.Authorization.slice(7)
      delete method_request_headers.Authorization
      method_request = '<k>' + encodeURIComponent(method_request.nested[0]) + '</k>'`)
    const { sent } = await made({ source, call: held })
    expect(sent).toMatchObject([{ headers: { 'X-Key': SECRET }, body: `<k>${SECRET}</k>` }])
    expect(sent[0]?.headers).not.toHaveProperty('Authorization')
  })

  it('is never seen, neither its value nor the mark of its reference, and auth is not there at all', async () => {
    const { failure } = await made({ source: before(`throw new Error(JSON.stringify(${everything}))`), call: held })
    expect(failure?.message).toContain('Bearer ********')
    const { result } = await made({ source: after(`method_response = ${everything}`), call: held })
    for (const told of [failure?.message, JSON.stringify(result)]) {
      expect(told).not.toMatch(/s3cr3t|[\ufdd0\ufdd1]|secret_|bearer/)
      expect(told).toContain('********')
    }
  })

  it('gets into no step data and no log: what leaves the request by action_data, a log or an error is masked', async () => {
    const source = `
      function before_action() {
        action_data.taken = method_request_headers; method_request_mergefields.taken = method_endpoint
        console.log(method_request)
        if (script_parameters.stop) throw new Error(method_endpoint)
      }
      function after_action() { method_response = { action_data, method_request_mergefields, method_endpoint, method_request } }`
    expect((await made({ source, call: held })).result?.body).toEqual({
      action_data: { taken: { Authorization: 'Bearer ********' } },
      method_request_mergefields: { taken: 'http://shop.test/********' },
      method_endpoint: 'http://shop.test/********',
      method_request: { nested: ['********'] },
    })
    expect(await failed({ source, call: { ...held, scriptParameters: { stop: true } } })).toEqual([
      'buildFailed',
      'before_action: The script threw: http://shop.test/********\nconsole.log: {"nested":["********"]}',
      0,
    ])
  })

  it('cannot be had by writing a reference, neither in a script nor in data that a script cuts up', async () => {
    const written = `method_request = '\\ufdd0key\\ufdd1'`
    expect((await made({ source: before(written) })).sent[0]?.body).toBe('\ufdd0key\ufdd1')
    const data = { a: escapeMarks('\ufdd0'), b: 'key\ufdd1', c: escapeMarks('\ufdd0key\ufdd1') }
    const cut = before('method_request = [method_request.c, method_request.a[0] + method_request.b, method_request.c.replace(/x/g, "")]')
    expect((await made({ source: cut, call: { body: data } })).sent[0]?.body).toEqual(['\ufdd0key\ufdd1', '\ufdd0key\ufdd1', '\ufdd0key\ufdd1'])
    expect((await made({ source: before('method_request = "secret_" + "0".repeat(32)'), call: held })).sent[0]?.body).toBe(`secret_${'0'.repeat(32)}`)
  })

  it('a stand-in of one call means nothing in another', async () => {
    let kept = ''
    const steal = before('method_request = method_request_headers.Authorization.split("").join("|")')
    const { sent } = await made({ source: steal, call: held })
    kept = String(sent[0]?.body).split('|').join('')
    expect(kept).toMatch(/^Bearer secret_[0-9a-f]{32}$/)
    expect((await made({ source: before('method_request = script_parameters.kept'), call: { ...held, scriptParameters: { kept } } })).sent[0]?.body).toBe(kept)
  })
})

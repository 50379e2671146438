import { describe, expect, it } from 'vitest'
import type { HttpAnswer } from '../../activities/http/index.ts'
import { KEY, made, failed, before, after, afterError, place, seen, transaction, useScripting } from './request-script-rig.ts'

useScripting()

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

import { describe, expect, it } from 'vitest'
import { escapeMarks } from '../../domain/secrets.ts'
import { SECRET, KEY, made, failed, before, after, useScripting } from './request-script-rig.ts'

useScripting()

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

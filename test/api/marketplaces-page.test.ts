import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { apiHarness, at, type ApiHarness } from './harness.ts'

let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness()
})
afterAll(() => api.close())

it('the requests of docs/marketplaces.md do what it says, one after the other', async () => {
  const page = readFileSync(new URL('../../docs/marketplaces.md', import.meta.url), 'utf8')
  const requests = [...page.matchAll(/```http\n(\w+) \/v1\.0(\S+)\n([^]*?)```/g)]
  expect(requests).toHaveLength(10)
  const account = await api.account()
  const known: { [name: string]: string } = {}
  const filled = (text: string): string => text.replaceAll(/\{(template|marketplace|package)\}/g, (_, name: string) => known[name] ?? name)
  for (const [, method = '', path = '', body = ''] of requests) {
    const reply = await api.v1(method, filled(path), {
      account,
      ...(body.trim() === '' ? {} : { raw: filled(body), headers: { 'content-type': 'application/json' } }),
    })
    expect([path, reply.status], reply.text).toEqual([path, expect.toSatisfy((status: number) => status < 300)])
    const noun = /\/(template|marketplace|package)s$/.exec(path)?.[1]
    if (noun !== undefined) known[noun] = String(at(reply.json, 'Id'))
  }
  expect(at((await api.v1('GET', '/accounts/customer-42')).json, 'Name')).toBe('Customer 42')
})

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { flywheel, folder } from '../cli/harness.ts'
import { startSystem, type TestSystem } from '../support/system.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system?.stop())

const words = (line: string): string[] => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

it('docs/guide-packages.md leads from a template to an installed package, as it says', async () => {
  const page = readFileSync(new URL('../../docs/guide-packages.md', import.meta.url), 'utf8')
  const blocks = [...page.matchAll(/```(yaml|sh|http)\n([^]*?)```/g)]
  const [, , document = ''] = blocks.find(([, kind]) => kind === 'yaml') ?? []
  const cwd = folder({ 'templates/orders.yaml': document })
  const env = { FLYWHEEL_URL: system.apiUrl, CLIENT_ID: 'test', CLIENT_SECRET: system.clientSecret }
  const known: { [name: string]: string } = {}
  const filled = (text: string): string =>
    text
      .replaceAll(/\{(template|marketplace|webhook)\}/g, (_, name: string) => known[name] ?? name)
      .replaceAll(/https:\/\/(partner|erp)\.example/g, (_, name: string) => `${system.receiver.url}/${name}`)

  for (const [, kind, text = ''] of blocks) {
    if (kind === 'sh') {
      for (const line of filled(text).trim().split('\n')) {
        const { code, err } = await flywheel(words(line).slice(1), { env, cwd })
        expect([line, code, err]).toEqual([line, 0, ''])
        if (line.includes('packages install')) {
          const [request] = await system.receiver.waitFor('/partner/notify')
          known.webhook = /"Url":"([^"]+)"/.exec(request?.text ?? '')?.[1] ?? ''
        }
      }
    } else if (kind === 'http') {
      const [, method = '', path = '', body = ''] = /^(\w+) (\S+)\n([^]*)$/.exec(filled(text)) ?? []
      if (path.startsWith('http')) {
        expect(await system.client.post(path, JSON.parse(body))).toMatchObject({ status: 200 })
        continue
      }
      const answer = await system.client.call<{ Id: unknown } | readonly { Id: unknown }[]>(method, path.slice('/v1.0'.length), {
        ...(body.trim() === '' ? {} : { body: JSON.parse(body) }),
      })
      const [one] = [answer].flat()
      const noun = /\/(template|marketplace)s$/.exec(path)?.[1]
      if (noun !== undefined) known[noun] = String(one?.Id)
    }
    if (known.webhook !== undefined && kind === 'http') {
      const [order] = await system.receiver.waitFor('/erp/orders')
      expect(order).toMatchObject({ json: { id: 1, total: 25 }, headers: { 'x-key': 'secret-42' } })
    }
  }
  const told = (await system.receiver.waitFor('/partner/notify', 4)).map(({ json }) => json)
  expect(told.map(one => Object(one).Status)).toEqual(['installed', 'stopped', 'started', 'uninstalled'])
  expect(told).toEqual(told.map(() => expect.objectContaining({ AccountApiId: 'customer-42', CompleteParameter: 'row 7' })))
})

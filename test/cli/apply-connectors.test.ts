import { afterAll, beforeAll, expect, it } from 'vitest'
import { apiHarness, at, CLIENT, type ApiHarness } from '../api/harness.ts'
import { flywheel, folder, steady } from './harness.ts'

let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness()
})
afterAll(() => api.close())

const document = (name: string, more = ''): string => `name: ${name}
version: "1.0"
baseUrl: https://shop.example
authentication: { type: oauth2, grant: clientCredentials, tokenUrl: https://shop.example/token }
${more}methods:
  - { id: read, name: Read, type: read, method: GET, path: /orders }
`

/** The exit code, and the rows without their padding. */
async function apply(cwd: string, ...args: readonly string[]): Promise<[number, string, string]> {
  const connection = ['--url', api.base, '--client-id', CLIENT.clientId, '--client-secret', CLIENT.clientSecret]
  const { code, out, err } = await flywheel(['apply', ...args, ...connection], { cwd })
  const rows = steady(out).trim().split('\n').slice(1)
  return [code, rows.map(row => row.trim().replaceAll(/ {2,}/g, '  ')).join('\n'), err]
}

it('apply --connectors makes each document the connector of its name, and leaves its OAuth client', async () => {
  const cwd = folder({ 'shop.yaml': document('Shop'), 'cycle.yaml': 'name: Orders\nsteps: []\n' })
  const [code, out, err] = await apply(cwd, '-f', '.', '--connectors')
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/^created {2}Shop {2}1\.0 {2}<id> {2}shop\.yaml\nShop: Its OAuth client is in no file: set OAuthClientId/),
  ])
  expect(err).toContain('cycle.yaml: passed over, it is no connector')
  expect((await apply(cwd, '-f', 'shop.yaml', '--connectors')).slice(0, 2)).toEqual([0, 'unchanged  Shop  1.0  <id>  shop.yaml'])
  const [one] = (await api.registry.connectors.list({ page: 1, pageSize: 1 })).items
  const path = `/connectors/${one?.id}`
  await api.v1('PUT', path, { body: { Definition: one?.value.definition, OAuthClientId: 'me', OAuthClientSecret: 'secret' } })
  const edited = folder({ 'shop.yaml': document('Shop', 'description: New.\nexternalIds: body.shop\n') })
  const updated = await apply(edited, '-f', 'shop.yaml', '--connectors')
  expect(updated[1]).toMatch(/^updated {2}Shop {2}1\.0 {2}<id> {2}shop\.yaml\nShop: Its partner webhook: http:\/\/hooks\.example\/api\/partnerwebhook\//)
  const url = /http:\S+/.exec(updated[1])?.[0] ?? ''
  const found = await flywheel(['webhooks', 'find', url, '--url', api.base, '--client-id', CLIENT.clientId, '--client-secret', CLIENT.clientSecret], { cwd })
  expect(found.out).toMatch(new RegExp(`^Connector: +Shop \\(${one?.id}\\)\\nURL: +${url}\\n$`))
  expect(at((await api.v1('GET', path)).json, 'Definition.description')).toBe('New.')
  expect((await api.registry.connectors.get(one?.id ?? ''))?.value).toMatchObject({ oauthClientId: 'me', oauthClientSecret: expect.any(String) })
})

it('apply --connectors applies none where one is not right, and tells where', async () => {
  const bad = document('Bad', 'script: "function ("\n')
  const cwd = folder({ 'a.yaml': document('Good'), 'b.yaml': bad, 'c.json': JSON.stringify({ name: 'Worse', methods: [] }) })
  const [code, , err] = await apply(cwd, '-f', '.', '--connectors')
  expect(code).toBe(4)
  expect(err).toMatch(/b\.yaml:5:\d+: script: The script does not parse/)
  expect(err).toMatch(/c\.json:1:\d+: .*baseUrl/)
  expect((await api.v1('GET', '/connectors')).text).not.toContain('Good')
  expect((await apply(cwd, '-f', 'a.yaml', '--connectors', '--start'))[0]).toBe(2)
})

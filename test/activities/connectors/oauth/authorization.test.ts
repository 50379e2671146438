import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StepError } from '../../../../domain/errors.ts'
import { startOAuthServer, type OAuthServer } from '../../../support/oauth-server.ts'
import { REDIRECT, startRig, type Process, type Rig } from './rig.ts'

let server: OAuthServer
let rig: Rig
let here: Process

beforeEach(async () => {
  server = await startOAuthServer()
  rig = await startRig(server, { timeoutMs: 1_000 })
  here = await rig.process()
})
afterEach(async () => {
  await rig.close()
  await server.close()
})

async function begun(id: string, session?: string, process = here): Promise<string> {
  const answer = await process.authorizations.begin(rig.account, id, session)
  if (answer === undefined) throw new Error('not begun')
  return answer.url
}
const visit = (url: string, error?: Parameters<OAuthServer['visit']>[1]): URLSearchParams => server.visit(url, error).searchParams
const UNCHANGED = { value: { status: 'Unauthenticated' } }

describe('the URL that a user is sent to', () => {
  it('asks for a code with PKCE, scopes and state, and keeps its own parameters', async () => {
    const url = new URL(await begun(await rig.connected()))
    expect(`${url.origin}${url.pathname}`).toBe(`${server.url}/authorize`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      access_type: 'offline',
      response_type: 'code',
      client_id: 'flywheel-client',
      redirect_uri: REDIRECT,
      scope: 'orders.read orders.write',
      state: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
  })

  it('is another each time, and without a challenge where the connector wants none', async () => {
    const id = await rig.connected({ pkce: false })
    const [one, other] = [new URL(await begun(id)), new URL(await begun(id))]
    expect(one.searchParams.get('state')).not.toBe(other.searchParams.get('state'))
    expect(one.searchParams.has('code_challenge')).toBe(false)
    expect(await here.authorizations.finish(visit(one.href))).toMatchObject({ kind: 'done' })
  })

  it('is not there for client credentials, nor for an account connector that is not there', async () => {
    const id = await rig.connected({ grant: 'clientCredentials' })
    await expect(here.authorizations.begin(rig.account, id)).rejects.toBeInstanceOf(StepError)
    expect(await here.authorizations.begin(rig.account, 'nobody')).toBeUndefined()
  })

  it('ends after ten minutes', async () => {
    const now = await here.store.now()
    const answer = await here.authorizations.begin(rig.account, await rig.connected())
    expect((answer?.expiresAt ?? 0) - now).toBeGreaterThanOrEqual(600_000)
    expect((answer?.expiresAt ?? 0) - now).toBeLessThan(605_000)
  })
})

describe('a user who comes back', () => {
  it('with a code makes the account connector Authenticated', async () => {
    const id = await rig.connected()
    expect(await here.authorizations.finish(visit(await begun(id)))).toMatchObject({ kind: 'done', accountConnector: 'Main shop' })
    expect(await rig.record(id)).toMatchObject({ value: { status: 'Authenticated' } })
    const { accessToken } = await rig.credentials(id)
    expect(server.tokens).toContain(accessToken)
    expect((await rig.record(id)).value.credentials).not.toContain(accessToken)
  })

  it('is taken by any process, and once: a state works one time, of two that race one gets in', async () => {
    const id = await rig.connected()
    const other = await rig.process()
    const back = visit(await begun(id))
    const answers = await Promise.all([here, other, here, other].map(process => process.authorizations.finish(back)))
    expect(answers.map(({ kind }) => kind).sort()).toEqual(['done', 'expired', 'expired', 'expired'])
    expect(server.asked.length).toBe(1)
  })

  it('with a state that is unknown, missing, doubled or over is turned away, and nobody is asked', async () => {
    const id = await rig.connected()
    const back = visit(await begun(id))
    const doubled = new URLSearchParams([...back, ['state', 'x']])
    const other = new URLSearchParams([...back].map(([name, value]): [string, string] => [name, name === 'state' ? 'A'.repeat(43) : value]))
    for (const parameters of [other, doubled, new URLSearchParams({ code: 'x' }), new URLSearchParams()])
      expect(await here.authorizations.finish(parameters)).toEqual({ kind: 'expired' })
    await here.store.authorizations.put('soon', 'over', 1)
    await expect.poll(() => here.store.authorizations.take('soon')).toBeUndefined()
    expect(server.asked.length).toBe(0)
    expect(await here.authorizations.finish(back)).toMatchObject({ kind: 'done' })
  })

  it('of another session is turned away, and the state is spent', async () => {
    const id = await rig.connected()
    for (const session of ['theirs', undefined]) {
      const back = visit(await begun(id, 'mine'))
      expect(await here.authorizations.finish(back, session)).toEqual({ kind: 'expired' })
      expect(await here.authorizations.finish(back, 'mine')).toEqual({ kind: 'expired' })
    }
    expect(await here.authorizations.finish(visit(await begun(id, 'mine')), 'mine')).toMatchObject({ kind: 'done' })
  })

  it('having refused leaves everything as it was', async () => {
    const id = await rig.connected()
    const back = visit(await begun(id), { error: 'access_denied', error_description: 'The user <b>said</b> no' })
    expect(await here.authorizations.finish(back)).toMatchObject({ kind: 'refused', reason: 'access_denied: The user <b>said</b> no' })
    expect(await rig.record(id)).toMatchObject(UNCHANGED)
    expect(server.asked.length).toBe(0)
  })

  it('with a code that is over is told so, the code in no text', async () => {
    const id = await rig.connected()
    const back = visit(await begun(id))
    const code = 'code-that-is-over'
    back.set('code', code)
    const answer = await here.authorizations.finish(back)
    expect(answer).toMatchObject({ kind: 'refused', reason: 'The token server answered with 400: invalid_grant: code ******** is over' })
    expect(await rig.record(id)).toMatchObject(UNCHANGED)
  })

  it('while the token server is down is told so', async () => {
    const id = await rig.connected()
    server.rules.instead = () => ({ status: 502, body: 'bad gateway' })
    expect(await here.authorizations.finish(visit(await begun(id)))).toMatchObject({ kind: 'down', reason: 'The token server answered with 502' })
    expect(await rig.record(id)).toMatchObject(UNCHANGED)
  })

  it("with another server's answer is turned away", async () => {
    const id = await rig.connected()
    const back = visit(await begun(id))
    back.set('iss', 'https://evil.example')
    expect(await here.authorizations.finish(back)).toMatchObject({ kind: 'refused', reason: 'The answer is of another server' })
    const again = visit(await begun(id))
    again.set('iss', server.url)
    expect(await here.authorizations.finish(again)).toMatchObject({ kind: 'done' })
  })

  it('to an account connector that was deleted meanwhile is told so', async () => {
    const id = await rig.connected()
    const back = visit(await begun(id))
    await rig.registry.accountConnectors.of(rig.account).remove(id)
    expect(await here.authorizations.finish(back)).toEqual({ kind: 'gone' })
  })

  it("is not connected where the connector's test fails", async () => {
    const testing = await rig.process({ test: async (_, { name }, token) => (token.startsWith('access-') ? `${name}: 403 no rights` : undefined) })
    const id = await rig.connected()
    const answer = await testing.authorizations.finish(visit(await begun(id, undefined, testing)))
    expect(answer).toMatchObject({ kind: 'refused', reason: 'Main shop: 403 no rights' })
    expect(await rig.record(id)).toMatchObject(UNCHANGED)
  })

  it('is known by a hash alone: neither state nor verifier stand in Redis', async () => {
    const url = new URL(await begun(await rig.connected()))
    const state = url.searchParams.get('state') ?? ''
    expect(await here.store.authorizations.take(`${state}x`)).toBeUndefined()
    const pending = await here.store.authorizations.take(state)
    expect(pending).toMatch(/^sealed:/)
  })
})

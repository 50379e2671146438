import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Target } from '../../../../activities/connectors/oauth/pending.ts'
import { StepError } from '../../../../domain/errors.ts'
import type { JsonObject } from '../../../../domain/json.ts'
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

const BACK = { path: '/account/marketplace', popup: true }

async function begun(target: string | Target, browser?: string, process = here): Promise<string> {
  const answer = await process.authorizations.begin(rig.account, target, browser === undefined ? undefined : { browser, back: BACK })
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

describe('what keeps users from being sent', () => {
  it('is told beforehand, in words', async () => {
    const connector = async (authentication: JsonObject) =>
      (await rig.registry.connectors.get((await rig.record(await rig.connected(authentication))).value.connectorId))?.value
    const obstacle = async (authentication: JsonObject, settings = {}) => {
      const of = await connector(authentication)
      return of === undefined ? 'none' : here.authorizations.obstacle(of, settings)
    }
    expect(await obstacle({})).toBeUndefined()
    expect(await obstacle({ grant: 'clientCredentials' })).toMatch(/does not send users to the application$/)
    expect(await obstacle({ authorizeUrl: `${server.url}/{{settings.shop}}/authorize` }, { shop: 'a/b' })).toMatch(/^The setting shop stands in a URL/)
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

  it('in another browser than that of our page is turned away, told nothing, and the state is spent', async () => {
    const id = await rig.connected()
    for (const browser of ['theirs', undefined]) {
      const back = visit(await begun(id, 'mine'))
      expect(await here.authorizations.finish(back, browser)).toEqual({ kind: 'expired' })
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

  it('learns where the page is that the user began on, whatever came of it', async () => {
    const id = await rig.connected()
    const finish = async (error?: Parameters<OAuthServer['visit']>[1]) => here.authorizations.finish(visit(await begun(id, 'mine'), error), 'mine')
    expect(await finish({ error: 'access_denied' })).toMatchObject({ kind: 'refused', back: BACK })
    expect(await finish()).toMatchObject({ kind: 'done', back: BACK })
    const late = visit(await begun(id, 'mine'))
    rig.later(600_001)
    expect(await here.authorizations.finish(late, 'mine')).toEqual({ kind: 'expired', back: BACK })
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

  describe('for an account connector that is not there yet', () => {
    const made = async (): Promise<{ readonly id: string; readonly connectorId: string; readonly settings: { readonly [name: string]: string } }> => {
      const { value } = await rig.record(await rig.connected())
      return { id: randomUUID(), connectorId: value.connectorId, settings: { subdomain: 'acme' } }
    }
    const found = (id: string) => rig.registry.accountConnectors.of(rig.account).get(id)

    it('has it made, with its settings and a name of its own, once access was given', async () => {
      const target = await made()
      const name = (await rig.registry.connectors.get(target.connectorId))?.value.name ?? ''
      const back = visit(await begun(target))
      expect(await found(target.id)).toBeUndefined()
      expect(await here.authorizations.finish(back)).toMatchObject({ kind: 'done', accountConnector: name })
      const { id, value } = await rig.record(target.id)
      expect(value).toMatchObject({ connectorId: target.connectorId, name, settings: { subdomain: 'acme' }, status: 'Authenticated' })
      expect(server.tokens).toContain((await rig.credentials(id)).accessToken)
      const other = { ...target, id: randomUUID() }
      expect(await here.authorizations.finish(visit(await begun(other)))).toMatchObject({ kind: 'done', accountConnector: `${name} 2` })
    })

    it('leaves nothing where access is refused', async () => {
      const target = await made()
      expect(await here.authorizations.finish(visit(await begun(target), { error: 'access_denied' }))).toMatchObject({ kind: 'refused' })
      expect(await found(target.id)).toBeUndefined()
    })

    it('makes one, where two windows give access', async () => {
      const target = await made()
      const backs = [visit(await begun(target)), visit(await begun(target))]
      const answers = await Promise.all(backs.map(back => here.authorizations.finish(back)))
      expect(answers.map(({ kind }) => kind)).toEqual(['done', 'done'])
      expect(server.tokens).toContain((await rig.credentials(target.id)).accessToken)
    })

    it('is told that its connector was deleted', async () => {
      const target = await made()
      const back = visit(await begun(target))
      await rig.registry.connectors.remove(target.connectorId)
      expect(await here.authorizations.finish(back)).toEqual({ kind: 'gone' })
      expect(await here.authorizations.begin(rig.account, target)).toBeUndefined()
    })
  })

  it('gives an account connector the settings that it was to have', async () => {
    const id = await rig.connected({}, { subdomain: 'old' })
    expect(await here.authorizations.finish(visit(await begun({ id, settings: { subdomain: 'new' } })))).toMatchObject({ kind: 'done' })
    expect(await rig.record(id)).toMatchObject({ value: { name: 'Main shop', settings: { subdomain: 'new' }, status: 'Authenticated' } })
  })

  it('is known by a hash alone: neither state nor verifier stand in Redis', async () => {
    const url = new URL(await begun(await rig.connected()))
    const state = url.searchParams.get('state') ?? ''
    expect(await here.store.authorizations.take(`${state}x`)).toBeUndefined()
    const pending = await here.store.authorizations.take(state)
    expect(pending).toMatch(/^sealed:/)
  })
})

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startOAuthServer, type OAuthServer } from '../../../support/oauth-server.ts'
import { authorized, NEW_KEY, startRig, type Process, type Rig } from './rig.ts'

const LEASE_MS = 2_000
let server: OAuthServer
let rig: Rig
let here: Process
let child: ChildProcess | undefined

beforeEach(async () => {
  server = await startOAuthServer()
  rig = await startRig(server, { leaseMs: LEASE_MS })
  here = await rig.process()
})
afterEach(async () => {
  child?.kill('SIGKILL')
  await rig.close()
  await server.close()
})

/** A process with a token that was refused: killed with -9 once the application has its question, and `rotated` says what the application does with it. */
async function killedInRefresh(id: string, rejected: string, rotated: () => void): Promise<void> {
  const asked = new Promise<void>(resolve => {
    server.rules.instead = async grant => {
      if (grant !== 'refresh_token') return undefined
      server.rules.instead = undefined
      rotated()
      child?.kill('SIGKILL')
      if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      resolve()
      return { status: 503 }
    }
  })
  const env = { ...process.env, REDIS: rig.redisUrl, ACCOUNT: rig.account, ID: id, REJECTED: rejected, KEYS: NEW_KEY, LEASE: String(LEASE_MS) }
  child = spawn(process.execPath, ['--import', 'tsx', new URL('./refresh-child.ts', import.meta.url).pathname], { env, stdio: 'inherit' })
  await asked
}

const token = (id: string, rejected: string): Promise<string> => here.tokens.token(rig.account, id, { rejected }, new AbortController().signal)

describe('a process that is killed between the application’s answer and its own write', () => {
  it('costs nothing where the application takes the old refresh token for a while', async () => {
    const id = await authorized(rig, server, here)
    const first = await token(id, '')
    await killedInRefresh(id, first, () => undefined)
    const second = await token(id, first)
    expect(second).not.toBe(first)
    expect(server.tokens).toContain(second)
    expect(await rig.record(id)).toMatchObject({ value: { status: 'Authenticated' } })
  })

  it('costs the access where the application has ended it, and the reason says why', async () => {
    const id = await authorized(rig, server, here)
    const first = await token(id, '')
    await killedInRefresh(id, first, () => server.revoke())
    await expect(token(id, first)).rejects.toMatchObject({ code: 'notAuthenticated' })
    expect((await rig.record(id)).value).toMatchObject({
      status: 'Unauthenticated',
      reason: expect.stringMatching(
        /invalid_grant.*A refresh that began at .* has no known end: if the application gave a new refresh token then, it was lost$/,
      ),
    })
  })
})

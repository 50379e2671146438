import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configSummary, ConfigError, parseConfig } from '../../platform/config.ts'
import { TABLE, type Setting } from '../../platform/config-table.ts'

const KEY = `k1:${Buffer.alloc(32, 7).toString('base64')}`
const NEEDED = { CLIENT_ID: 'partner', CLIENT_SECRET: 'a-secret-of-some-length', ENCRYPTION_KEYS: KEY }

function problemsOf(env: { readonly [name: string]: string }, process: 'api' | 'worker' | 'start' = 'api'): readonly string[] {
  try {
    parseConfig(env, process)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('configuration (operations.md 2)', () => {
  it('has the defaults of the table', () => {
    const config = parseConfig(NEEDED, 'api')
    expect(config).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:3000',
      redisUrl: 'redis://localhost:6379',
      temporalAddress: 'localhost:7233',
      temporalNamespace: 'flywheel',
      temporalTaskQueue: 'flywheel',
      maxBody: 1_048_576,
      scriptTimeout: 5_000,
      shutdownGrace: 30_000,
      inboxLimit: 1_000_000,
      inboxBytes: 268_435_456,
      inboxTotalBytes: 2_147_483_648,
      heldLimit: 2_000,
      stoppedQueueTtl: 86_400_000,
      retentionMax: 2_678_400_000,
      allowPrivateAddresses: false,
      allowVolatileRedis: false,
      allowedAddresses: [],
      temporalApiKey: undefined,
    })
  })

  it('begins webhook URLs with the port that is used', () => {
    expect(parseConfig({ ...NEEDED, PORT: '4001' }, 'api').publicUrl).toBe('http://localhost:4001')
    expect(parseConfig({ ...NEEDED, PUBLIC_URL: 'https://hooks.example.com/' }, 'api').publicUrl).toBe('https://hooks.example.com')
  })

  it('tells all that is wrong or missing at once, and what is expected', () => {
    const problems = problemsOf({ PORT: 'http', MAX_BODY: '1 mile', SCRIPT_TIMEOUT: '61s', LOG_LEVEL: 'loud', CLIENT_ID: 'partner', ENCRYPTION_KEYS: KEY })
    expect(problems).toEqual([
      'PORT: "http" is wrong; expected a port, 0 to 65535',
      "CLIENT_SECRET: is missing; expected the partner's client secret for /oauth/token, at least 16 characters",
      'MAX_BODY: "1 mile" is wrong; expected a size like 512kb, 1mb or 2gb',
      'SCRIPT_TIMEOUT: "61s" is wrong; expected a duration like 500ms or 5s, at most 60s',
      'LOG_LEVEL: "loud" is wrong; expected fatal, error, warn, info, debug, trace or silent',
    ])
  })

  it('wants of a process only what it uses', () => {
    expect(problemsOf({}, 'start')).toEqual([])
    expect(problemsOf({ ENCRYPTION_KEYS: KEY }, 'worker')).toEqual([])
    expect(problemsOf({}, 'worker').map(problem => problem.split(':')[0])).toEqual(['ENCRYPTION_KEYS'])
  })

  it('takes an empty variable as one that is not set', () => {
    expect(parseConfig({ ...NEEDED, PORT: '', REDIS_URL: ' ' }, 'api').port).toBe(3000)
  })

  it('reads a secret from the file that NAME_FILE names', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'flywheel-config-')), 'secret')
    writeFileSync(file, 'a-secret-out-of-a-file\n')
    expect(parseConfig({ CLIENT_ID: 'partner', ENCRYPTION_KEYS: KEY, CLIENT_SECRET_FILE: file }, 'api').clientSecret).toBe('a-secret-out-of-a-file')
  })

  it('refuses a file that is not there, and a value that is given twice', () => {
    expect(problemsOf({ ...NEEDED, CLIENT_ID: '', CLIENT_ID_FILE: '/is/not/there' })[0]).toMatch(/^CLIENT_ID_FILE: \/is\/not\/there cannot be read/)
    expect(problemsOf({ ...NEEDED, CLIENT_ID_FILE: '/some/file' })).toEqual(['CLIENT_ID: CLIENT_ID_FILE is set as well; set one of them'])
  })

  it('never shows a secret, neither in a message nor in the summary', () => {
    const wrong = problemsOf({ ...NEEDED, CLIENT_SECRET: 'too-short', ENCRYPTION_KEYS: 'k1:nonsense' }).join()
    expect(wrong).not.toMatch(/too-short|nonsense/)
    const summary = JSON.stringify(configSummary(parseConfig({ ...NEEDED, REDIS_URL: 'redis://me:hidden@host:1/2' }, 'api'), 'api'))
    expect(summary).not.toMatch(/hidden|a-secret|BwcH/)
    expect(summary).toContain('redis://me:********@host:1/2')
  })

  it('has every variable of the table once, each with a meaning', () => {
    const settings: readonly Setting<unknown>[] = Object.values(TABLE)
    expect(new Set(settings.map(setting => setting.name)).size).toBe(settings.length)
    expect(settings.filter(setting => setting.meaning === '' || setting.processes.length === 0)).toEqual([])
  })
})

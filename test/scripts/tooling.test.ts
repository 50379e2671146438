import { mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../platform/config.ts'
import { isNewEnough } from '../../scripts/prepare/prepare.mjs'
import { ensureCredentials, writeCredentials } from '../../scripts/start/credentials.ts'
import { readLine } from '../../scripts/start/output.ts'
import { countOf } from '../../scripts/test/vitest.ts'

describe('credentials (operations.md 2)', () => {
  it('are made once, good enough for the configuration, and read by their owner only', () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'flywheel-credentials-')), 'data')
    const made = ensureCredentials(folder, {})
    expect(ensureCredentials(folder, {})).toEqual(made)
    expect(() => parseConfig({ CLIENT_ID: made.clientId, CLIENT_SECRET: made.clientSecret, ENCRYPTION_KEYS: made.encryptionKeys }, 'api')).not.toThrow()
    for (const file of ['client-id', 'client-secret', 'encryption-keys']) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it('of the environment win, and are what the files of docker compose hold', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flywheel-credentials-'))
    const made = ensureCredentials(folder, {})
    writeCredentials(folder, { CLIENT_ID: 'mine' })
    expect(ensureCredentials(folder, {})).toEqual({ ...made, clientId: 'mine' })
  })
})

describe('Node', () => {
  it('is new enough from 20.19 on', () => {
    expect(['20.19.0', '20.19.5', '20.20.0', '22.0.0', '24.21.0'].map(isNewEnough)).toEqual(Array(5).fill(true))
    expect(['20.18.9', '18.20.0', '16.0.0', '20.9.0'].map(isNewEnough)).toEqual(Array(4).fill(false))
  })
})

describe('lines of children', () => {
  it('are told in short', () => {
    expect(readLine('{"level":40,"time":1,"pid":2,"hostname":"h","name":"api","msg":"slow","cycle":"c1"}')).toEqual({ level: 40, text: 'WARN slow cycle=c1' })
    expect(readLine('{"level":50,"msg":"broken","err":{"message":"why"}}')).toEqual({ level: 50, text: 'ERROR broken (why)' })
  })

  it('that are no JSON count as trouble where they look like it', () => {
    expect(readLine('Error: no such file').level).toBe(40)
    expect(readLine('Ready to accept connections').level).toBe(30)
    expect(readLine('{not json').text).toBe('{not json')
  })
})

describe('the count of a test run', () => {
  it('is that of the report', () => {
    expect(countOf({ numPassedTests: 12, numFailedTests: 2 }, 1)).toEqual({ passed: 12, failed: 2 })
  })

  it('has a failure where the run failed although no test did, or left no report', () => {
    expect(countOf({ numPassedTests: 12, numFailedTests: 0 }, 1)).toEqual({ passed: 12, failed: 1 })
    expect(countOf(undefined, 1)).toEqual({ passed: 0, failed: 1 })
  })
})

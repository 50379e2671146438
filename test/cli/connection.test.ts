import { describe, expect, it } from 'vitest'
import { connectionOf, type GlobalOptions } from '../../cli/connection/settings.ts'
import type { Io } from '../../cli/io.ts'
import { emptyRoot, flywheel, folder } from './harness.ts'

const local = { url: 'http://127.0.0.1:3456', clientId: 'partner-local', clientSecret: 'local-secret' }

/** A checkout in which npm start runs: this process stands for it. */
const checkout = (lock: object = { pid: process.pid, url: 'https://hooks.example' }, files: { readonly [name: string]: string } = {}): string =>
  folder({
    'package.json': '{ "version": "1.2.3" }',
    '.data/lock.json': JSON.stringify(lock),
    '.data/port': '3456\n',
    '.data/client-id': `${local.clientId}\n`,
    '.data/client-secret': `${local.clientSecret}\n`,
    ...files,
  })

const connect = (root: string, env: Io['env'] = {}, options: GlobalOptions = {}) => connectionOf({ root, env, cwd: root }, options)
const complaint = (root: string, env: Io['env'] = {}, options: GlobalOptions = {}): string => {
  try {
    connect(root, env, options)
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
  return ''
}

describe('the connection of the command', () => {
  it('is the Flywheel that npm start runs in the same checkout', () => {
    expect(connect(checkout())).toEqual(local)
  })

  it('follows DATA_DIR, also that of the .env file, and credentials that stand there', () => {
    const other = folder({ 'lock.json': JSON.stringify({ pid: process.pid, url: 'x' }), port: '4000', 'client-id': 'a', 'client-secret': 'b' })
    expect(connect(emptyRoot(), { DATA_DIR: other })).toEqual({ url: 'http://127.0.0.1:4000', clientId: 'a', clientSecret: 'b' })
    const root = checkout(undefined, { '.env': `DATA_DIR=${other}\nCLIENT_SECRET=from-the-file\n` })
    expect(connect(root)).toEqual({ url: 'http://127.0.0.1:4000', clientId: 'a', clientSecret: 'from-the-file' })
  })

  it('is what options say before what the environment says', () => {
    const env = { FLYWHEEL_URL: 'https://one.example/', CLIENT_ID: 'one', CLIENT_SECRET: 'first' }
    expect(connect(checkout(), env)).toEqual({ url: 'https://one.example', clientId: 'one', clientSecret: 'first' })
    const options = { url: 'http://two.example/flywheel', clientId: 'two', clientSecret: 'second' }
    expect(connect(checkout(), env, options)).toEqual(options)
  })

  it('takes credentials from files', () => {
    const cwd = folder({ id: ' file-id \n', secret: 'file-secret\n' })
    const env = { FLYWHEEL_URL: 'http://x.example', CLIENT_ID_FILE: 'id', CLIENT_SECRET_FILE: 'secret' }
    expect(connectionOf({ root: emptyRoot(), env, cwd }, {})).toEqual({ url: 'http://x.example', clientId: 'file-id', clientSecret: 'file-secret' })
  })

  it('sends the credentials of npm start to that one only', () => {
    expect(connect(checkout(), { FLYWHEEL_URL: 'http://localhost:3456' })).toEqual({ ...local, url: 'http://localhost:3456' })
    for (const url of ['http://localhost:3457', 'https://localhost:3456', 'http://elsewhere.example:3456', 'http://localhost:3456/x']) {
      expect(complaint(checkout(), { FLYWHEEL_URL: url })).toContain(`The client id for ${url} is missing`)
    }
  })

  it('says what is missing, and what npm start does here', () => {
    expect(complaint(emptyRoot())).toContain('npm start does not run in this checkout')
    // No process has this id: it is above what systems give out.
    expect(complaint(checkout({ pid: 2 ** 30, url: 'x' }))).toContain('npm start does not run in this checkout')
    expect(complaint(checkout({ pid: process.pid }))).toContain('npm start is not ready yet')
    expect(complaint(emptyRoot(), { FLYWHEEL_URL: 'localhost' })).toContain('"localhost" is no address')
    expect(complaint(emptyRoot(), { FLYWHEEL_URL: 'http://x.example', CLIENT_ID: 'a' })).toContain('The client secret for http://x.example is missing')
  })
})

describe('usage', () => {
  it('is wrong with an exit code of its own', async () => {
    for (const args of [['nothing'], ['cycles'], ['cycles', 'start'], ['cycles', 'list', '--colour'], ['transactions', 'list', 'x', '--status', 'Done']]) {
      expect((await flywheel(args)).code, args.join(' ')).toBe(2)
    }
    const { err } = await flywheel(['cycles', 'lst'])
    expect(err).toContain('Did you mean list?')
  })

  it('is told by every command, with examples', async () => {
    const { code, out } = await flywheel(['--help'])
    expect([code, out]).toEqual([0, expect.stringContaining('Exit codes:\n  0  done')])
    for (const command of ['apply', 'validate', 'cycles stop', 'transactions tail', 'incidents list', 'webhooks find']) {
      const help = await flywheel([...command.split(' '), '--help'])
      expect([help.code, help.out]).toEqual([
        0,
        expect.stringMatching(new RegExp(`^Usage: flywheel ${command} .*Examples:\n  # .*\n  flywheel ${command} `, 's')),
      ])
    }
  })

  it('has a version', async () => {
    expect(await flywheel(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' })
  })
})

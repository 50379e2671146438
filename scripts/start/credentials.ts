/** The partner's credentials and the keys for secrets at rest: made once, each in a file of its own that only its owner reads. */
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Credentials {
  readonly clientId: string
  readonly clientSecret: string
  /** `id:base64`, as `ENCRYPTION_KEYS` takes it. */
  readonly encryptionKeys: string
}

const FILES = {
  clientId: { file: 'client-id', variable: 'CLIENT_ID', make: () => `partner-${randomBytes(4).toString('hex')}` },
  clientSecret: { file: 'client-secret', variable: 'CLIENT_SECRET', make: () => randomBytes(24).toString('base64url') },
  encryptionKeys: { file: 'encryption-keys', variable: 'ENCRYPTION_KEYS', make: () => `k1:${randomBytes(32).toString('base64')}` },
} as const

/** Those of the environment, else those of the folder, which are made where they are missing. */
export function ensureCredentials(folder: string, env: NodeJS.ProcessEnv): Credentials {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const value = (name: keyof typeof FILES): string => {
    const { file, variable, make } = FILES[name]
    return fromEnvironment(env, variable) ?? fromFile(join(folder, file), make)
  }
  return { clientId: value('clientId'), clientSecret: value('clientSecret'), encryptionKeys: value('encryptionKeys') }
}

/** Writes what is given in the environment over what the folder holds, so that processes may read all of it from its files. */
export function writeCredentials(folder: string, env: NodeJS.ProcessEnv): void {
  const credentials = ensureCredentials(folder, env)
  for (const name of ['clientId', 'clientSecret', 'encryptionKeys'] as const) {
    const path = join(folder, FILES[name].file)
    writeFileSync(path, `${credentials[name]}\n`, { mode: 0o600 })
    chmodSync(path, 0o600)
  }
}

function fromEnvironment(env: NodeJS.ProcessEnv, variable: string): string | undefined {
  const file = env[`${variable}_FILE`]
  return env[variable]?.trim() || (file === undefined || file === '' ? undefined : readFileSync(file, 'utf8').trim())
}

/** A folder that holds them is only read: it may be mounted read-only. */
function fromFile(path: string, make: () => string): string {
  if (existsSync(path)) return readFileSync(path, 'utf8').trim()
  const temporary = `${path}.${process.pid}`
  try {
    // By a link: another process never reads half of it, and of two that make one the first wins.
    writeFileSync(temporary, `${make()}\n`, { mode: 0o600 })
    linkSync(temporary, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(temporary, { force: true })
  }
  return readFileSync(path, 'utf8').trim()
}

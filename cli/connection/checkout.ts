/** The Flywheel that `npm start` runs in this checkout: its address and credentials are in its data folder. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { z } from 'zod'
import type { Io } from '../io.ts'

export interface LocalStart {
  readonly url: string
  /** Undefined where they cannot be read. */
  readonly clientId: string | undefined
  readonly clientSecret: string | undefined
}

/** It runs, it is about to, or it does not. */
export type FoundStart = { readonly state: 'runs'; readonly start: LocalStart } | { readonly state: 'starting' } | { readonly state: 'none' }

const lockContent = z.object({ pid: z.number().int().positive(), url: z.string().optional() })

/** Looks in `DATA_DIR` as the start script does: relative to the checkout, `.env` read, what is set in the environment winning. */
export function findStart({ root, env: given }: Pick<Io, 'root' | 'env'>): FoundStart {
  const env = { ...envFile(join(root, '.env')), ...given }
  const folder = resolve(root, present(env.DATA_DIR) ?? '.data')
  const lock = lockContent.safeParse(json(readText(join(folder, 'lock.json'))))
  if (!lock.success || !isAlive(lock.data.pid)) return { state: 'none' }
  const port = Number(readText(join(folder, 'port')))
  // Its own address, and not its PUBLIC_URL: that one may lead through a proxy which lets webhooks pass only.
  if (lock.data.url === undefined || !Number.isInteger(port) || port === 0) return { state: 'starting' }
  return {
    state: 'runs',
    start: {
      url: `http://127.0.0.1:${port}`,
      clientId: secret(env, root, 'CLIENT_ID') ?? present(readText(join(folder, 'client-id'))),
      clientSecret: secret(env, root, 'CLIENT_SECRET') ?? present(readText(join(folder, 'client-secret'))),
    },
  }
}

/** The value of a variable, or of the file that `{name}_FILE` names. Undefined where there is none, or it cannot be read. */
export function secret(env: Io['env'], folder: string, name: string): string | undefined {
  const file = present(env[`${name}_FILE`])
  return present(env[name]) ?? (file === undefined ? undefined : present(readText(resolve(folder, file))))
}

export const present = (text: string | undefined): string | undefined => (text === undefined || text.trim() === '' ? undefined : text.trim())

function envFile(file: string): Io['env'] {
  return existsSync(file) ? parseEnv(readText(file) ?? '') : {}
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}

/** One that belongs to somebody else lives too. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

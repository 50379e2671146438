import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../../scripts/provision/run.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** Of files that hold this one line of import each: those of which the linter says that the import is restricted. */
async function restricted(cases: readonly (readonly [file: string, line: string])[]): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'flywheel-lint-'))
  cpSync(join(ROOT, '.oxlintrc.json'), join(folder, '.oxlintrc.json'))
  const files = cases.map(([file, line], i) => {
    const own = file === 'api/main.ts' ? file : file.replace(/a\.ts$/, `a${i}.ts`)
    const name = /import (?:type )?\{ (\w+) \}/.exec(line)?.[1] ?? 'x'
    mkdirSync(dirname(join(folder, own)), { recursive: true })
    writeFileSync(join(folder, own), `${line}\n${line.startsWith('import type') ? `export type Used = ${name}` : `export const used = ${name}`}\n`)
    return own
  })
  const { output } = await run(process.execPath, [join(ROOT, 'node_modules/oxlint/bin/oxlint'), '-f', 'unix'], { cwd: folder })
  const told = output.split('\n').filter(line => line.includes('no-restricted-imports'))
  return cases.filter((_, i) => told.some(line => line.startsWith(`${files[i] ?? ''}:`))).map(([file, line]) => `${file}: ${line}`)
}

const names = (cases: readonly (readonly [file: string, line: string])[]): readonly string[] => cases.map(([file, line]) => `${file}: ${line}`)

const FORBIDDEN = [
  ['domain/a.ts', `import { z } from 'zod'`],
  ['domain/a.ts', `import { readFileSync } from 'node:fs'`],
  ['domain/a.ts', `import type { Inbox } from '../storage/inbox.ts'`],
  ['workflows/a.ts', `import { parseDocument } from '../domain/schema/index.ts'`],
  ['workflows/interpreter/a.ts', `import { decodeBody } from '../../domain/content/decode.ts'`],
  ['workflows/interpreter/a.ts', `import { createActivities } from '../../activities/index.ts'`],
  ['workflows/a.ts', `import { readFileSync } from 'node:fs'`],
  ['activities/a.ts', `import { createInbox } from '../storage/redis/inbox.ts'`],
  ['storage/redis/a.ts', `import { createApp } from '../../api/app.ts'`],
  ['scripting/a.ts', `import { Redis } from 'ioredis'`],
  ['api/webhooks/a.ts', `import { createInbox } from '../../storage/redis/inbox.ts'`],
  ['api/a.ts', `import { transaction } from '../workflows/transaction.ts'`],
  ['platform/a.ts', `import { parseDuration } from '../domain/duration.ts'`],
  ['worker/a.ts', `import { createApp } from '../api/app.ts'`],
  ['api/a.ts', `import { None } from 'oauth4webapi'`],
  ['api/a.ts', `import { Command } from 'commander'`],
  ['api/a.ts', `import { h } from 'preact'`],
  ['api/pages/a.ts', `import { Pool } from 'undici'`],
  ['api/pages/a.ts', `import { createInbox } from '../../storage/redis/inbox.ts'`],
  ['api/pages/a.ts', `import { source } from 'axe-core'`],
  ['cli/a.ts', `import type { Account } from '../storage/registry.ts'`],
  ['cli/commands/a.ts', `import { Redis } from 'ioredis'`],
] as const

const ALLOWED = [
  ['domain/a.ts', `import { RE2JS } from 're2js'`],
  ['domain/schema/a.ts', `import { z } from 'zod'`],
  ['domain/content/a.ts', `import { Buffer } from 'node:buffer'`],
  ['workflows/a.ts', `import type { Activities } from '../activities/index.ts'`],
  ['workflows/a.ts', `import { sleep } from '@temporalio/workflow'`],
  ['api/a.ts', `import { TRANSACTION } from '../workflows/messages.ts'`],
  ['api/a.ts', `import { transactionStart } from '../workflows/start.ts'`],
  ['api/pages/a.ts', `import { h } from 'preact'`],
  ['api/main.ts', `import { createOAuth } from '../activities/connectors/oauth/index.ts'`],
  ['activities/a.ts', `import { None } from 'oauth4webapi'`],
  ['api/main.ts', `import { createInbox } from '../storage/redis/inbox.ts'`],
  ['activities/a.ts', `import type { Logger } from '../platform/logger.ts'`],
  ['cli/a.ts', `import { parseDocument } from '../domain/schema/index.ts'`],
  ['cli/commands/a.ts', `import { Command } from 'commander'`],
] as const

describe('the import rules of the rooms (ARCHITECTURE.md)', () => {
  it('the linter refuses what a room must not import', async () => {
    expect(await restricted(FORBIDDEN)).toEqual(names(FORBIDDEN))
  })

  it('the linter takes what a room may import', async () => {
    expect(await restricted(ALLOWED)).toEqual([])
  })
})

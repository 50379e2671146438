/** The static checks: each is a program that ends with 0 where all is well. */
import { resolve } from 'node:path'
import { run } from '../provision/run.ts'

const ROOT = resolve(import.meta.dirname, '../..')

export interface Check {
  readonly name: string
  /** What puts it right. */
  readonly remedy: string
  /** Arguments of node; the first is the program. */
  readonly args: readonly string[]
}

const tsx = (script: string): readonly string[] => ['--import', 'tsx', script, '--check']

export const CHECKS: readonly Check[] = [
  {
    name: 'format',
    remedy: 'npm run format',
    args: [
      'node_modules/prettier/bin/prettier.cjs',
      '--check',
      '.',
      '--log-level',
      'warn',
      '--cache',
      '--cache-location',
      'node_modules/.cache/flywheel-prettier',
    ],
  },
  { name: 'lint', remedy: 'see above', args: ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'types', remedy: 'see above', args: ['node_modules/typescript/bin/tsc', '-p', '.'] },
  { name: 'dead code', remedy: 'remove what is not used', args: ['node_modules/knip/bin/knip.js', '--no-progress'] },
  { name: '.env.example and docs/configuration.md', remedy: 'npm run env-example', args: tsx('scripts/env-example.ts') },
  { name: 'JSON Schema', remedy: 'npm run schemas', args: tsx('scripts/schemas.ts') },
  { name: 'OpenAPI', remedy: 'npm run openapi', args: tsx('scripts/openapi.ts') },
  { name: 'docs/cli.md', remedy: 'npm run cli-docs', args: tsx('scripts/cli-docs.ts') },
  { name: 'docs/steps.md', remedy: 'npm run steps', args: tsx('scripts/steps.ts') },
  { name: 'docs/connectors.md', remedy: 'npm run connectors', args: tsx('scripts/connectors.ts') },
]

/** Runs a check; gives its output where it fails. */
export async function runCheck(check: Check): Promise<string | undefined> {
  const { code, output } = await run(process.execPath, check.args, { cwd: ROOT, timeout: 10 * 60_000 })
  return code === 0 ? undefined : `${output.trim()}\n(${check.remedy})`
}

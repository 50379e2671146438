import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, inject, it } from 'vitest'
import { run } from '../../scripts/provision/run.ts'

const ROOT = resolve(import.meta.dirname, '../..')

it('the bench measures everything once in small and writes its table', { timeout: 400_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flywheel-bench-smoke-'))
  try {
    const out = join(folder, 'results.md')
    const env = { ...process.env, FLYWHEEL_TEST_REDIS_URL: inject('redisUrl'), FLYWHEEL_TEST_TEMPORAL_ADDRESS: inject('temporalAddress') }
    const args = ['--import', 'tsx', 'bench/main.ts', '--quick', '--source', '--out', out]
    const { code, output } = await run(process.execPath, args, { cwd: ROOT, env, timeout: 380_000 })
    expect(output).toContain('written:')
    expect(code).toBe(0)
    const results = readFileSync(out, 'utf8')
    for (const name of [
      'bare Express',
      'accept',
      'asynchronous: accept to completion',
      'synchronous, one mapping',
      'split: request to the end',
      'marketplace of 20 packages',
      '5 people install at once',
      'resume with 40 waiting',
      'match',
    ]) {
      expect(results).toContain(name)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

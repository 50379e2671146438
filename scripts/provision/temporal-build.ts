/** Temporal's CLI built from Go modules, pinned by `scripts/temporal-tool/go.sum`. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { elapsed, type Report } from './report.ts'
import { isProgram, onPath, run } from './run.ts'

const MODULE = resolve(import.meta.dirname, '../temporal-tool')
const PACKAGE = 'github.com/temporalio/cli/cmd/temporal'
const USUAL = ['/usr/local/go/bin/go', '/usr/lib/go/bin/go', '/opt/homebrew/bin/go'] as const

export const goProgram = (env: NodeJS.ProcessEnv): string | undefined => onPath(['go'], env.PATH) ?? USUAL.find(isProgram)

/** Builds the program to `target`; gives the reason where that could not be done. */
export async function buildTemporal(go: string, version: string, target: string, report: Report): Promise<string | undefined> {
  const began = Date.now()
  report.line('Building Temporal with Go instead: about 7 minutes on two cores, once; it is then kept in the cache.')
  const folder = mkdtempSync(join(dirname(target), 'build-'))
  let packages = 0
  const tell = (): void => report.progress(`  building Temporal … ${packages} packages, ${elapsed(began)}`)
  const ticking = setInterval(tell, 1_000)
  try {
    const flags = `-s -w -X github.com/temporalio/cli/internal/temporalcli.Version=${version}`
    // A checkout without a repository around it has no version to stamp; an older Go fetches the one that go.mod names.
    const args = ['build', '-v', '-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags', flags, '-o', join(folder, 'temporal'), PACKAGE]
    const { code, output } = await run(go, args, {
      cwd: MODULE,
      env: { ...process.env, CGO_ENABLED: '0' },
      onOutput: text => {
        packages += text.split('\n').filter(line => line !== '' && !line.startsWith('go: ')).length
      },
    })
    if (code !== 0) return `go build failed: ${output.trim().split('\n').slice(-4).join(' / ')}`
    renameSync(join(folder, 'temporal'), target)
    report.line(`Temporal is built (${elapsed(began)})`)
    return undefined
  } finally {
    clearInterval(ticking)
    rmSync(folder, { recursive: true, force: true })
  }
}

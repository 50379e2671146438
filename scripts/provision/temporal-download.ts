/** The official release of Temporal's CLI. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { elapsed, type Report } from './report.ts'
import { run } from './run.ts'

const PLATFORMS: { readonly [name: string]: string } = { linux: 'linux', darwin: 'darwin' }
const ARCHITECTURES: { readonly [name: string]: string } = { x64: 'amd64', arm64: 'arm64' }
/** How long the server may take to answer, and to send the whole (ms). */
const ANSWER = 15_000
const WHOLE = 15 * 60_000

/** Where the archive of a version is, for this machine; `undefined` where none is made for it. */
export function archiveUrls(version: string, system: string = platform(), machine: string = arch()): readonly string[] {
  const os = PLATFORMS[system]
  const cpu = ARCHITECTURES[machine]
  if (os === undefined || cpu === undefined) return []
  return [
    `https://github.com/temporalio/cli/releases/download/v${version}/temporal_cli_${version}_${os}_${cpu}.tar.gz`,
    `https://temporal.download/cli/archive/v${version}?platform=${os}&arch=${cpu}`,
  ]
}

/** Downloads the program to `target`; gives the reason where that could not be done. */
export async function downloadTemporal(version: string, target: string, report: Report, urls = archiveUrls(version)): Promise<string | undefined> {
  if (urls.length === 0) return `there is none for ${platform()} on ${arch()}`
  let problem = ''
  for (const url of urls) {
    const folder = mkdtempSync(join(dirname(target), 'download-'))
    try {
      report.line(`Temporal is not installed: downloading ${url}`)
      await fetchTo(url, join(folder, 'archive.tar.gz'), report)
      const unpacked = await run('tar', ['-xzf', 'archive.tar.gz', 'temporal'], { cwd: folder })
      if (unpacked.code !== 0) throw new Error(`the archive could not be unpacked: ${unpacked.output.trim()}`)
      // The rename is atomic: two who download at once do not meet.
      renameSync(join(folder, 'temporal'), target)
      return undefined
    } catch (error) {
      problem = reason(error)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  return problem
}

async function fetchTo(url: string, file: string, report: Report): Promise<void> {
  const began = Date.now()
  const controller = new AbortController()
  let timer = setTimeout(() => controller.abort(new Error(`no answer within ${ANSWER / 1000} s`)), ANSWER)
  try {
    const response = await fetch(url, { signal: controller.signal })
    if (!response.ok || response.body === null) throw new Error(`${new URL(url).host} answered ${response.status}`)
    clearTimeout(timer)
    timer = setTimeout(() => controller.abort(new Error('it took too long')), WHOLE)
    const size = Number(response.headers.get('content-length') ?? 0)
    const chunks: Uint8Array[] = []
    let got = 0
    for await (const chunk of response.body) {
      chunks.push(chunk)
      got += chunk.length
      const share = size > 0 ? `${Math.floor((got / size) * 100)} %` : `${Math.floor(got / 1024 ** 2)} MiB`
      report.progress(`  downloading Temporal … ${share}, ${elapsed(began)}`)
    }
    await writeFile(file, Buffer.concat(chunks))
  } finally {
    clearTimeout(timer)
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message
}

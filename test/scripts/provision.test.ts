import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { provideChromium } from '../../scripts/provision/chromium.ts'
import { provideRedis, redisArgs, redisCommand } from '../../scripts/provision/redis.ts'
import { archiveUrls, downloadTemporal } from '../../scripts/provision/temporal-download.ts'
import { dynamicConfigFlags, fitsVersion, provideTemporal, TEMPORAL_VERSION, temporalArgs } from '../../scripts/provision/temporal.ts'
import { run } from '../../scripts/provision/run.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const quiet = { line: () => undefined, progress: () => undefined }
const folder = (): string => mkdtempSync(join(tmpdir(), 'flywheel-provision-'))

function program(path: string, content = '#!/bin/sh\n'): string {
  writeFileSync(path, content)
  chmodSync(path, 0o755)
  return path
}

describe('Redis for a machine (operations.md 1)', () => {
  it('is the redis-server or valkey-server of the PATH', async () => {
    const bin = folder()
    const valkey = program(join(bin, 'valkey-server'))
    expect(await provideRedis(quiet, { path: bin, root: false })).toBe(valkey)
    const redis = program(join(bin, 'redis-server'))
    expect(await provideRedis(quiet, { path: bin, root: false })).toBe(redis)
  })

  it('is one command to type where the user is not root', async () => {
    const bin = folder()
    program(join(bin, 'apt-get'))
    await expect(provideRedis(quiet, { path: bin, root: false })).rejects.toThrow('sudo apt-get install -y --no-install-recommends redis-server')
    await expect(provideRedis(quiet, { path: bin, root: false })).rejects.toThrow('REDIS_URL')
    program(join(bin, 'brew'))
    expect(redisCommand({ path: bin, root: false })).toBe('brew install redis')
  })

  it('is started so that what it acknowledges is on the disk', () => {
    const args = redisArgs({ program: 'redis-server', port: 6379, folder: '/data' }).join(' ')
    for (const part of ['--appendonly yes', '--appendfsync always', '--maxmemory-policy noeviction', '--bind 127.0.0.1']) expect(args).toContain(part)
  })
})

describe('Chromium for a machine', () => {
  it('is that of CHROMIUM, else of the PATH, else none where the user is not root', async () => {
    const bin = folder()
    program(join(bin, 'apt-get'))
    expect(await provideChromium(quiet, { path: bin, root: false }, { CHROMIUM: '/opt/chromium' })).toBe('/opt/chromium')
    expect(await provideChromium(quiet, { path: bin, root: false }, {})).toBeUndefined()
    const chromium = program(join(bin, 'chromium'))
    expect(await provideChromium(quiet, { path: bin, root: false }, {})).toBe(chromium)
  })

  it('is installed from the packages of the system where the user is root', async () => {
    const bin = folder()
    program(join(bin, 'apt-get'), `#!/bin/sh\n[ "$1" = install ] || exit 0\nfor last; do :; done\nprintf '' > ${bin}/$last\nchmod 755 ${bin}/$last\n`)
    expect(await provideChromium(quiet, { path: bin, root: true }, {})).toBe(join(bin, 'chromium'))
  })
})

describe('Temporal for a machine (operations.md 1)', () => {
  it('fits from server 1.31 on', () => {
    expect(['temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)', 'x (Server 1.32.0)', 'x (Server 2.0.0)'].map(fitsVersion)).toEqual([true, true, true])
    expect(['temporal version 1.1.0 (Server 1.25.0, UI 2.30.3)', 'x (Server 0.99.9)', 'nonsense'].map(fitsVersion)).toEqual([false, false, false])
  })

  it('is that of the PATH where it fits, else that of the cache', async () => {
    const bin = folder()
    const cache = folder()
    const installed = program(join(bin, 'temporal'), '#!/bin/sh\necho "temporal version 1.9.0 (Server 1.32.0, UI 2.51.0)"\n')
    const env = { PATH: bin, XDG_CACHE_HOME: cache }
    expect(await provideTemporal(quiet, env)).toBe(installed)
    program(installed, '#!/bin/sh\necho "temporal version 1.0.0 (Server 1.24.0, UI 2.0.0)"\n')
    mkdirSync(join(cache, 'flywheel'))
    const cached = program(join(cache, 'flywheel', `temporal-${TEMPORAL_VERSION}`), '#!/bin/sh\necho "temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)"\n')
    expect(await provideTemporal(quiet, env)).toBe(cached)
  })

  it('is downloaded from the official release of this machine', () => {
    expect(archiveUrls('1.8.2', 'linux', 'x64')[0]).toBe('https://github.com/temporalio/cli/releases/download/v1.8.2/temporal_cli_1.8.2_linux_amd64.tar.gz')
    expect(archiveUrls('1.8.2', 'darwin', 'arm64')[0]).toContain('darwin_arm64')
    expect(archiveUrls('1.8.2', 'aix', 'ppc64')).toEqual([])
  })

  it('is unpacked beside its place and moved there whole, or the reason is told', async () => {
    const files = folder()
    program(join(files, 'temporal'), '#!/bin/sh\necho downloaded\n')
    expect((await run('tar', ['-czf', 'archive.tar.gz', 'temporal'], { cwd: files })).code).toBe(0)
    const archive = readFileSync(join(files, 'archive.tar.gz'))
    const server = createServer((request, response) => {
      if (request.url === '/good') response.end(archive)
      else response.writeHead(403).end()
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const address = server.address()
    const base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
    const target = join(folder(), 'temporal')
    expect(await downloadTemporal('1.8.2', target, quiet, [`${base}/refused`])).toContain('answered 403')
    expect(existsSync(target)).toBe(false)
    expect(await downloadTemporal('1.8.2', target, quiet, [`${base}/refused`, `${base}/good`])).toBeUndefined()
    expect((await run(target, [])).output).toBe('downloaded\n')
    server.close()
  })

  it('keeps its data in a file whose commits are synced', () => {
    const args = temporalArgs({ port: 7233, databaseFile: '/data/t.db', dynamicConfig: join(ROOT, 'deploy/temporal/dynamic-config.yaml') }).join(' ')
    for (const part of ['--db-filename /data/t.db', 'journal_mode=wal', 'synchronous=full', '--headless']) expect(args).toContain(part)
  })

  it('has the same dynamic configuration under docker compose', () => {
    const flags = dynamicConfigFlags(join(ROOT, 'deploy/temporal/dynamic-config.yaml')).filter(flag => flag !== '--dynamic-config-value')
    const compose: { services: { temporal: { command: string[] } } } = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true })
    const prefix = '--dynamic-config-value='
    const composed = compose.services.temporal.command.filter(arg => arg.startsWith(prefix)).map(arg => arg.slice(prefix.length))
    expect(composed).toEqual(flags)
  })
})

/** A Redis server's program for this machine, and how it is started (operations.md 1). */
import { elapsed, ProvisionError, type Report } from './report.ts'
import { onPath, run } from './run.ts'

const NAMES = ['redis-server', 'valkey-server'] as const

interface Packager {
  readonly program: string
  readonly install: readonly (readonly string[])[]
}

const PACKAGERS: readonly Packager[] = [
  {
    program: 'apt-get',
    install: [
      ['apt-get', 'update'],
      ['apt-get', 'install', '-y', '--no-install-recommends', 'redis-server'],
    ],
  },
  { program: 'dnf', install: [['dnf', 'install', '-y', 'valkey']] },
  { program: 'apk', install: [['apk', 'add', 'redis']] },
  { program: 'zypper', install: [['zypper', '--non-interactive', 'install', 'redis']] },
  { program: 'pacman', install: [['pacman', '-Sy', '--noconfirm', 'valkey']] },
]

export interface Machine {
  readonly path: string
  readonly root: boolean
}

export const thisMachine = (): Machine => ({ path: process.env.PATH ?? '', root: process.getuid?.() === 0 })

/** The command that a user without root types to get Redis here. */
export function redisCommand(machine: Machine): string {
  if (onPath(['brew'], machine.path) !== undefined) return 'brew install redis'
  const packager = PACKAGERS.find(each => onPath([each.program], machine.path) !== undefined)
  return `sudo ${packager?.install.at(-1)?.join(' ') ?? 'apt-get install -y redis-server'}`
}

/** `redis-server` or `valkey-server` on the PATH, else installed from the system's packages where the user is root. */
export async function provideRedis(report: Report, machine: Machine = thisMachine()): Promise<string> {
  const found = onPath(NAMES, machine.path)
  if (found !== undefined) return found
  const advice = `Flywheel needs Redis. Install it with\n\n  ${redisCommand(machine)}\n\nand run this again, or set REDIS_URL to a Redis that runs already.`
  const packager = PACKAGERS.find(each => onPath([each.program], machine.path) !== undefined)
  if (!machine.root || packager === undefined) throw new ProvisionError(advice)
  const began = Date.now()
  for (const [command = '', ...args] of packager.install) {
    report.line(`Redis is not installed: ${[command, ...args].join(' ')}`)
    // The package must not start a service of the system: RUNLEVEL=1 keeps Debian's scripts from it.
    const { code, output } = await run(command, args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
      onOutput: () => report.progress(`  installing Redis … ${elapsed(began)}`),
    })
    if (code !== 0 && args[0] !== 'update') throw new ProvisionError(`Redis could not be installed:\n${tail(output)}\n\n${advice}`)
  }
  const installed = onPath(NAMES, machine.path)
  if (installed === undefined) throw new ProvisionError(advice)
  return installed
}

const tail = (text: string): string => text.trim().split('\n').slice(-8).join('\n')

export interface RedisServer {
  readonly program: string
  readonly port: number
  /** Folder of its data; it must be there. */
  readonly folder: string
  readonly databases?: number
}

/** Arguments that make every acknowledged write one that is on the disk. */
export function redisArgs(server: RedisServer): string[] {
  const args = ['--port', String(server.port), '--bind', '127.0.0.1', '-::1', '--dir', server.folder, '--daemonize', 'no']
  args.push('--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction', '--save', '')
  if (server.databases !== undefined) args.push('--databases', String(server.databases))
  return args
}

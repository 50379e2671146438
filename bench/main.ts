/** `npm run bench`: bare Express, bare Temporal and Flywheel side by side, in interleaved rounds; prints a table of ratios. */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { Redis } from 'ioredis'
import { format } from 'prettier'
import { z } from 'zod'
import { openBare } from './bare.ts'
import type { Context } from './context.ts'
import { asynchronousMeasures } from './groups/asynchronous.ts'
import { httpMeasures } from './groups/http.ts'
import { pageMeasures } from './groups/pages.ts'
import { resumePhases } from './groups/resume.ts'
import { synchronousMeasures } from './groups/synchronous.ts'
import type { Figures } from './load/figures.ts'
import { asText, cells, rows, type Measure } from './measures.ts'
import { splitMeasures } from './groups/split.ts'
import { matchPhase } from './match.ts'
import { parseOptions, USAGE, type Options } from './options.ts'
import { openOurs } from './ours.ts'
import { resultsMarkdown } from './report.ts'
import { openServers, type Servers } from './servers.ts'

const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** Measures each once a round, in order, and adds what was found; round 0 is not counted. */
async function runRounds(measures: readonly Measure[], rounds: number, warmUp: boolean, results: Map<string, Figures[]>): Promise<void> {
  for (let round = warmUp ? 0 : 1; round <= rounds; round++) {
    for (const measure of measures) {
      const found = await measure.run(round)
      say(
        `${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}: ${measure.name}: ${found.perSecond.toFixed(1)} a second, p50 ${found.p50.toFixed(2)} ms`,
      )
      if (round > 0) results.set(measure.name, [...(results.get(measure.name) ?? []), found])
    }
  }
}

async function measureAll(options: Options, servers: Servers): Promise<readonly [readonly Measure[], Map<string, Figures[]>, Record<string, string>]> {
  const { sizes, only } = options
  const ours = await openOurs(servers, options.source)
  const bare = await openBare(servers, ours.namespace)
  const connection = await Connection.connect({ address: servers.temporalAddress })
  try {
    const client = new Client({ connection, namespace: ours.namespace })
    const context: Context = {
      run: randomBytes(4).toString('hex'),
      sizes,
      redisUrl: servers.redisUrl,
      temporalAddress: servers.temporalAddress,
      client,
      ours,
      bare,
    }
    const resume = resumePhases(context)
    const plain = [
      ...httpMeasures(context),
      ...asynchronousMeasures(context),
      ...synchronousMeasures(context),
      ...splitMeasures(context),
      ...pageMeasures(context),
    ].filter(m => only.has(m.group))
    const results = new Map<string, Figures[]>()
    await runRounds(plain, 0, !options.quick, results)
    if (only.has('resume')) {
      say(`making ${sizes.waitingFew} transactions that wait`)
      await resume.prepareFew()
    }
    await runRounds([...plain, ...(only.has('resume') ? resume.few : [])], sizes.rounds, false, results)
    if (only.has('resume')) {
      say(`making ${sizes.waitingMany} transactions that wait`)
      await resume.prepareMany()
      await runRounds(resume.many, sizes.rounds, false, results)
      if (!servers.own) await resume.cleanUp()
    }
    const match = matchPhase(await servers.database(), sizes)
    if (only.has('match')) {
      say(`making ${sizes.indexMany} index entries`)
      await match.prepare()
      await runRounds(match.measures, sizes.rounds, false, results)
      await match.cleanUp()
    }
    return [[...plain, ...resume.few, ...resume.many, ...match.measures], results, await versions(servers, connection)]
  } finally {
    await connection.close()
    await Promise.all([ours.close(), bare.close()])
  }
}

const Manifest = z.object({ version: z.string() })

async function versions(servers: Servers, connection: Connection): Promise<Record<string, string>> {
  const sdk = Manifest.parse(JSON.parse(readFileSync(resolve(import.meta.dirname, '../node_modules/@temporalio/client/package.json'), 'utf8')))
  const redis = new Redis(servers.redisUrl)
  const redisVersion = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? 'unknown'
  await redis.quit()
  const { serverVersion } = await connection.workflowService.getSystemInfo({})
  return { Node: process.versions.node, 'Temporal server': serverVersion ?? 'unknown', 'TypeScript SDK': sdk.version, Redis: redisVersion }
}

async function main(): Promise<void> {
  if (process.argv.includes('--help')) return void process.stdout.write(`${USAGE}\n`)
  const options = parseOptions(process.argv.slice(2))
  const startedAt = new Date()
  const servers = await openServers(process.env)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void servers.close().finally(() => process.exit(1)))
  try {
    const [measures, results, found] = await measureAll(options, servers)
    const table = rows(measures, results)
    process.stdout.write(`${asText(cells(table))}\n`)
    if (options.out !== '') {
      const markdown = resultsMarkdown(table, options, { startedAt, endedAt: new Date(), versions: found, own: servers.own })
      writeFileSync(options.out, await format(markdown, { parser: 'markdown' }))
      say(`written: ${options.out}`)
    }
  } finally {
    await servers.close()
  }
}

main().catch((error: unknown) => {
  say(error instanceof RangeError || error instanceof TypeError ? `${error.message}\n\n${USAGE}` : String(error instanceof Error ? error.stack : error))
  process.exitCode = 1
})

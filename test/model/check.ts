/** The invariants of protocol.md: after each action those that always hold, and the rest once everything has settled. */
import { cycleSuffix, partitionKey, partitionSuffix } from '../../storage/keys.ts'
import { enabled } from './actions.ts'
import { accountRight, accountRoom, neighbourAtRest } from './neighbour.ts'
import { scheduleAtRest } from './schedule.ts'
import { AGES, cycleHash, earlyKey, indexKey, partition, recordOf, suffixed, TICK, violate, type Value, type World } from './world.ts'

const VALUES: readonly Value[] = ['a', 'b', 'c']

/** After each action. */
export async function always(world: World, action: string): Promise<void> {
  const { max } = world.scenario
  const [hash, members, ...early] = await Promise.all([
    cycleHash(world),
    max === undefined ? 0 : world.redis.zcard(suffixed(world, cycleSuffix.run)),
    ...VALUES.map(value => world.redis.exists(earlyKey(world, value))),
  ])
  const state = hash['state'] ?? 'gone'
  const before = world.hash['state']
  world.hash = hash
  if (world.deleted || state === 'gone') return accountRight(world)
  if (hash['dropTo'] !== undefined && Number(hash['dropTo']) > world.dropTo) {
    world.dropTo = Number(hash['dropTo'])
    world.lastDrop = world.step
  }
  await accountRight(world)
  if (before === 'Stopping' && state === 'Stopped' && !action.startsWith('deactivate')) drainEnded(world)
  if (max !== undefined && members > max) violate('I7', 'more members than maxConcurrency')
  await restsRightly(world, hash)
  for (const [i, value] of VALUES.entries()) if (early[i] === 1) await earlyMeet(world, value, Number(hash['epoch']), Number(hash['dropTo'] ?? 0))
}

/** I5 and I8: a drain that can end has ended, and a cycle at rest has nothing that could be claimed: nobody waits for the sweep. */
async function restsRightly(world: World, hash: Record<string, string>): Promise<void> {
  const { redis } = world
  const at = (suffix: string): string => suffixed(world, suffix)
  const after = `(${hash['dropTo'] ?? 0}`
  const from = `${Number(hash['claimed'] ?? 0) + 1}-0`
  const upTo = hash['registered'] === undefined ? '+' : `${hash['registered']}-0`
  const [run, startClaims, deliveryClaims, members, waiting, starts, deliveries, revivals, items] = await Promise.all([
    redis.zcard(at(cycleSuffix.run)),
    redis.hlen(at(cycleSuffix.startClaims)),
    redis.hlen(at(cycleSuffix.deliveryClaims)),
    redis.zcount(at(cycleSuffix.readyMembers), after, '+inf'),
    redis.zcount(at(cycleSuffix.readyWaiting), after, '+inf'),
    redis.xrange(at(cycleSuffix.starts), from, upTo, 'COUNT', 1),
    redis.xlen(at(cycleSuffix.deliveries)),
    redis.zcard(at(cycleSuffix.revivals)),
    redis.zcard(at(cycleSuffix.items)),
  ])
  const { state } = hash
  if (hash['once'] !== undefined && run + startClaims > 0) violate('once', 'something runs in a cycle that goes on after it')
  const replaying = (state === 'Active' && hash['registered'] !== undefined) || (state === 'Stopping' && hash['replayTo'] !== undefined)
  if (state === 'Stopping' && !replaying && run + items + startClaims + starts.length + deliveries === 0) violate('I5', 'a drain could end and did not')
  if (hash['ready'] !== undefined || hash['token'] !== undefined) return
  const room = (world.scenario.max === undefined || run < world.scenario.max) && (await accountRoom(world))
  const work = deliveryClaims + members + (replaying ? 1 : 0) + (room ? waiting + starts.length + (state === 'Active' ? revivals : 0) : 0)
  if (startClaims > 0 || (state !== 'Stopped' && state !== 'Paused' && work > 0)) violate('I8', 'something is claimable and nobody is told')
}

function drainEnded(world: World): void {
  for (const workflow of world.workflows.values())
    if (workflow.open && workflow.inRun && !workflow.doomed) violate('I5', `the drain ended while ${workflow.transaction} runs`)
}

/** I4: no early request waits while a transaction has its value. */
async function earlyMeet(world: World, value: Value, epoch: number, dropTo: number): Promise<void> {
  const early = await world.redis.zrange(earlyKey(world, value), '0', '-1')
  if (early.length === 0) return
  const ends = await Promise.all(early.map(id => world.redis.zscore(suffixed(world, cycleSuffix.earlyEnds), id)))
  if (ends.every(end => Number(end) <= world.now)) return
  for (const transaction of await world.redis.zrange(indexKey(world, value), '0', '-1')) {
    const record = await recordOf(world, transaction as never)
    const doomed = (record['role'] === 'begun' || record['role'] === 'item') && Number(record['ep']) < epoch
    const dropped = record['start'] !== undefined && record['role'] === undefined && Number(record['start']) <= dropTo
    if (!doomed && !dropped) violate('I4', `a request for ${value} is early though ${transaction} has that value`)
  }
}

/** Lets everything come to rest: nothing fails any more, nobody intervenes. */
export async function settle(world: World): Promise<void> {
  world.settling = true
  world.temporalUp = true
  await rest(world, 18)
  // What an item could not tell its parent the upkeep tells after a while.
  world.now += 30 * TICK
  await rest(world, 6)
  const hash = await cycleHash(world)
  if (hash['state'] === 'Active' && !world.deleted) {
    // The waiting are asked about rarely.
    world.now += AGES.sweep * 20 * TICK
    await rest(world, 6)
  }
  await atRest(world)
}

const IDLE = ['take', 'sweep', 'ask', 'controls', 'wakes']
async function rest(world: World, ticks: number): Promise<void> {
  for (let tick = 0; tick < ticks; tick++) {
    for (let round = 0; round < 4; round++) {
      for (const action of enabled(world).filter(a => IDLE.includes(a.name.split(' ')[0] ?? ''))) await act(world, action)
      let quiet = true
      for (let n = 0; n < 300; n++) {
        const busy = enabled(world).filter(a => !IDLE.includes(a.name.split(' ')[0] ?? ''))
        const action = busy[n % Math.max(1, busy.length)]
        if (action === undefined) break
        quiet = false
        await act(world, action)
      }
      if (quiet) break
    }
    world.now += TICK
  }
}

export async function act(world: World, action: { readonly name: string; run(): Promise<void> | void }): Promise<void> {
  world.step++
  world.trace.push(action.name)
  await action.run()
  await always(world, action.name)
}

async function atRest(world: World): Promise<void> {
  await neighbourAtRest(world)
  const { redis, senders, workflows } = world
  for (const w of workflows.values()) {
    if (w.open && w.inRun && w.doomed) violate('I2', `${w.transaction} was in progress at a stop and goes on`)
    if (w.open && world.deleted) violate('I8', `${w.transaction} is open in a deleted cycle`)
  }
  const hash = await cycleHash(world)
  scheduleAtRest(world, hash)
  if (world.deleted) {
    const left = (await redis.keys(`${suffixed(world, '')}*`)).filter(key => !key.includes(cycleSuffix.outcome) && !key.includes(cycleSuffix.key))
    if (left.length > 0) violate('I8', `a deleted cycle leaves ${left.join(', ')}`)
    if (Number((await redis.hget(partitionKey(partition(world)), 'bytes')) ?? 0) !== 0) violate('I8', 'a deleted cycle leaves bytes')
    return
  }
  const active = hash['state'] === 'Active'
  if (hash['state'] === 'Stopping') violate('I5', `Stopping for ever: ${JSON.stringify(hash)}`)
  const starts = await redis.xrange(suffixed(world, cycleSuffix.starts), '-', '+')
  const deliveries = await redis.xrange(suffixed(world, cycleSuffix.deliveries), '-', '+')
  const held = await redis.xrange(suffixed(world, cycleSuffix.held), '-', '+')
  const early = await redis.hlen(suffixed(world, cycleSuffix.earlyEntries))
  const texts = [...deliveries, ...held].map(([, fields]) => fields.join(' '))

  for (const [i, sender] of senders.entries()) {
    if (!sender.acked) continue
    const dropped = world.lastDrop > sender.acceptedAt
    if (sender.kind === 'mid') {
      if (sender.request !== undefined) await requestAtRest(world, sender.request, dropped, texts, active)
      continue
    }
    for (const t of sender.transactions) {
      if (world.refused.has(t) || world.dropped.has(t)) continue
      const record = await recordOf(world, t)
      if (record['status'] === 'Dropped' && dropped) continue
      const w = workflows.get(t)
      const waits = starts.some(([, fields]) => fields.includes(t))
      if (w === undefined && !waits) violate(sender.kind === 'sync' ? 'I9' : 'I1', `${t} of sender ${i} is acknowledged and lost: ${JSON.stringify(record)}`)
      if (waits && active) violate('I8', `${t} stays in the inbox`)
      if (w?.open === true && w.phase !== 'idle' && w.phase !== 'failed') violate('I8', `${t} hangs in ${w.phase}`)
    }
  }
  await itemsAtRest(world, active)
  await nothingLeft(world, active, { starts: starts.length, deliveries: deliveries.length, held: held.length, early }, hash)
}

/** I10: every item has come to its end and is counted, and no parent waits for ever. */
async function itemsAtRest(world: World, active: boolean): Promise<void> {
  const { redis } = world
  for (const w of world.workflows.values()) {
    if (w.parent === undefined || !w.open) continue
    if (w.phase !== 'idle' && w.phase !== 'failed') violate('I10', `the item ${w.transaction} hangs in ${w.phase}`)
  }
  const running = await redis.zrange(suffixed(world, cycleSuffix.items), '0', '-1')
  if (running.length > 0) violate('I8', `the items ${running.join()} stay`)
  const waits = await redis.zcard(suffixed(world, cycleSuffix.splitting))
  const told = await redis.zcard(`${partitionKey(partition(world))}${partitionSuffix.wakes}`)
  if (active && waits + told > 0) violate('I8', `${waits} splits are waited for, ${told} parents are still to be told`)
}

async function requestAtRest(world: World, request: string, dropped: boolean, entries: readonly string[], active: boolean): Promise<void> {
  const outcome = await world.inbox.outcomeOf(world.place, request as never)
  const delivered = world.delivered.get(request as never) ?? []
  const waits = entries.some(entry => entry.includes(request))
  if (active && waits) violate('I8', `${request} stays in the inbox: ${entries.join(' | ')}`)
  if (delivered.length > 0) {
    if (outcome?.outcome !== 'matched') violate('I3', `${request} is delivered to ${delivered.join()} and ${outcome?.outcome ?? 'forgotten'}`)
    else if (outcome.transaction !== delivered[0]) violate('I3', `${request} is delivered to ${delivered.join()} and names ${outcome.transaction}`)
    return
  }
  if (waits || dropped || outcome?.outcome === 'unmatched' || world.excused.has(request as never)) return
  violate('I3', `${request} is lost (${JSON.stringify(outcome)})`)
}

async function nothingLeft(
  world: World,
  active: boolean,
  left: { starts: number; deliveries: number; held: number; early: number },
  hash: Record<string, string>,
): Promise<void> {
  const { redis, workflows } = world
  const open = (t: string): boolean => [...workflows.values()].some(w => w.transaction === t && w.open)
  const run = await redis.zrange(suffixed(world, cycleSuffix.run), '0', '-1')
  if (run.length > 0) violate('I8', `${run.join(', ')} stay in the running set`)
  const wait = await redis.zrange(suffixed(world, cycleSuffix.wait), '0', '-1')
  const failed = await redis.zrange(suffixed(world, cycleSuffix.failed), '0', '-1')
  if (active) for (const t of [...wait, ...failed]) if (!open(t)) violate('I8', `${t} stays in waiting or failed`)
  for (const w of workflows.values())
    if (w.open && w.phase === 'failed' && !failed.includes(w.transaction)) violate('I8', `${w.transaction} is failed and in no set`)
  if (active && (await redis.exists(suffixed(world, cycleSuffix.revivals))) === 1) violate('I8', 'a revival never comes')
  const queued = new Set((await redis.xrange(suffixed(world, cycleSuffix.starts), '-', '+')).flatMap(([, fields]) => fields))
  let indexed = ''
  for (const value of VALUES) {
    for (const t of await redis.zrange(indexKey(world, value), '0', '-1')) {
      indexed += ` ${t} `
      if (active && !open(t) && !queued.has(t)) violate('I8', `the index entry of ${t} stays`)
    }
  }
  for (const w of workflows.values()) {
    if (!w.open || w.phase !== 'idle' || !active) continue
    if (!wait.includes(w.transaction)) violate('I8', `${w.transaction} is open and in no set`)
    if (!indexed.includes(` ${w.transaction} `)) violate('I3', `${w.transaction} waits without an index entry`)
  }
  for (const suffix of [cycleSuffix.startClaims, cycleSuffix.deliveryClaims])
    if (active && (await redis.exists(suffixed(world, suffix))) === 1) violate('I8', `claims stay in ${suffix}`)
  for (const suffix of [cycleSuffix.readyMembers, cycleSuffix.readyWaiting])
    if (active && (await redis.exists(suffixed(world, suffix))) === 1) violate('I8', `offers stay in ${suffix}`)
  if (hash['token'] !== undefined && Number(hash['until']) > world.now) violate('I8', 'a lease stays')
  if (active && hash['registered'] !== undefined) violate('I8', 'the replay never ends')
  const entries = left.starts + left.deliveries + left.held + left.early
  if (Number(hash['entries']) !== entries) violate('I8', `${entries} entries are counted as ${hash['entries']}: ${JSON.stringify(left)}`)
  if (entries === 0 && Number(hash['bytes']) !== 0) violate('I8', `an empty inbox counts ${hash['bytes']} bytes`)
  const bytes = (await redis.hget(partitionKey(partition(world)), 'bytes')) ?? '0'
  if (bytes !== hash['bytes']) violate('I8', `the partition counts ${bytes} bytes, its cycle ${hash['bytes']}`)
  if ((await world.inbox.controls(partition(world), 10)).length > 0) violate('I8', 'a control entry stays')
}

/** The outboxes, and the delivery log: records with an end, found by id, and in order over all accounts or by where they stand. */
import type { Redis } from 'ioredis'
import { asAccountId, asCycleId } from '../../domain/ids.ts'
import type { NotificationKind, NotificationMessage, NotificationStatus, NotificationTry } from '../../workflows/messages.ts'
import { partitionOf } from '../keys.ts'
import type { LoggedNotification, Notifications, OutboxEntry } from '../notifications.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { call, replies, script } from './registry-call.ts'

export interface NotificationsOptions {
  /** How long a notification stays in the log. Default 31 days. */
  readonly notificationsTtlMs?: number
  /** Most of them: then the oldest go. Default 100,000. */
  readonly notificationsMax?: number
}

/** Tries that are kept of one notification; the latest. */
const TRIES_MAX = 50

/**
 * Logs a new one and takes away what is too old or too much, at most 100 at once.
 * KEYS the record, all by order, those that are Pending · ARGV id, ttl ms, most, field, value, … · Answers status and order; one that is there stays.
 */
const open = script(`
local known = redis.call('HMGET', KEYS[1], 'status', 'order')
if known[1] then return known end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
local order = string.format('%.0f', math.max(now, tonumber(last or 0) + 1))
redis.call('HSET', KEYS[1], 'status', 'Pending', 'order', order, 'createdAt', string.format('%.0f', math.floor(now / 1000)), unpack(ARGV, 4))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], order, ARGV[1])
redis.call('ZADD', KEYS[3], order, ARGV[1])
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now - tonumber(ARGV[2]) * 1000), 'LIMIT', 0, 100)
local excess = math.min(redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[3]), 100)
if #gone == 0 and excess > 0 then gone = redis.call('ZRANGE', KEYS[2], 0, excess - 1) end
for _, id in ipairs(gone) do
  local one = '${keys.notification('')}' .. id
  local status = redis.call('HGET', one, 'status')
  for _, s in ipairs(status and { status } or { 'Pending', 'Delivered', 'Failed', 'Gone' }) do redis.call('ZREM', '${keys.notificationsByStatus('')}' .. s, id) end
  redis.call('DEL', one, '${keys.notificationTries('')}' .. id)
  redis.call('ZREM', KEYS[2], id)
end
return { 'Pending', order }`)

/**
 * KEYS the record, its tries · ARGV id, status, try ('' for none), its time, most tries · Answers its order, or nil where the log has it no more.
 * A try that is there already changes nothing.
 */
const note = script(`
local before, order = unpack(redis.call('HMGET', KEYS[1], 'status', 'order'))
if not before then return false end
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - tonumber(ARGV[5]))
  redis.call('PEXPIRE', KEYS[2], redis.call('PTTL', KEYS[1]))
end
if before ~= ARGV[2] then
  redis.call('HSET', KEYS[1], 'status', ARGV[2])
  redis.call('ZREM', '${keys.notificationsByStatus('')}' .. before, ARGV[1])
  redis.call('ZADD', '${keys.notificationsByStatus('')}' .. ARGV[2], order, ARGV[1])
end
return order`)

export function createNotifications(redis: Redis, options: NotificationsOptions = {}): Notifications {
  const { notificationsTtlMs = 31 * 24 * 3600_000, notificationsMax = 100_000 } = options

  async function many(ids: readonly string[]): Promise<readonly LoggedNotification[]> {
    if (ids.length === 0) return []
    const pipeline = redis.pipeline()
    for (const id of ids) pipeline.hgetall(keys.notification(id)).zrange(keys.notificationTries(id), 0, '-1')
    const found = replies(await call(() => pipeline.exec()))
    return ids.flatMap((id, at) => notificationOf(id, found[2 * at], found[2 * at + 1]) ?? [])
  }
  const get = async (id: string): Promise<LoggedNotification | undefined> => (await many([id]))[0]

  return {
    async outbox(partition, max) {
      const entries = await call(() => redis.xrange(keys.outbox(partition), '-', '+', 'COUNT', max))
      return entries.flatMap(([id, [name, text]]) => entryOf(id, partition, name, text) ?? [])
    },
    async taken({ partition, id }) {
      await call(() => redis.xdel(keys.outbox(partition), id))
    },
    async sendAgain({ id, account }) {
      await call(() => redis.xadd(keys.outbox(partitionOf(account)), '*', 'again', id))
    },
    async open({ id, installation, ...message }) {
      const fields = Object.entries({ ...message, ...(installation === undefined ? {} : { package: installation.package }) }).flat()
      const answer = await open(
        redis,
        [keys.notification(id), keys.notifications, keys.notificationsByStatus('Pending')],
        [id, notificationsTtlMs, notificationsMax, ...fields],
      )
      const [status, order] = Array.isArray(answer) ? answer : []
      return { status: statusOf(String(status)), order: Number(order) }
    },
    async reopen(id) {
      const order = await note(redis, [keys.notification(id), keys.notificationTries(id)], [id, 'Pending', '', 0, TRIES_MAX])
      const found = order === null ? undefined : await get(id)
      if (found === undefined) return undefined
      const { status, createdAt: _createdAt, tries: _tries, ...message } = found
      return { message, status, order: Number(order) }
    },
    async note(id, status, attempt) {
      const told = attempt === undefined ? ['', 0] : [JSON.stringify(attempt), attempt.at]
      await note(redis, [keys.notification(id), keys.notificationTries(id)], [id, status, ...told, TRIES_MAX])
    },
    get,
    async list({ status, after, limit }) {
      const order = after === undefined ? undefined : await call(() => redis.hget(keys.notification(after), 'order'))
      if (order === null) return 'unknown'
      const index = status === undefined ? keys.notifications : keys.notificationsByStatus(status)
      return many(await call(() => redis.zrevrangebyscore(index, order === undefined ? '+inf' : `(${order}`, '-inf', 'LIMIT', 0, limit)))
    },
  }
}

/** Entries are written by the script of incidents and by `sendAgain` alone. */
function entryOf(id: string, partition: number, name: string | undefined, text: string | undefined): OutboxEntry | undefined {
  if (text === undefined) return undefined
  if (name === 'again') return { id, partition, what: { again: text } }
  const message: NotificationMessage = JSON.parse(text)
  return { id, partition, what: { message } }
}

const KINDS: { readonly [K in NotificationKind]: K } = {
  incident: 'incident',
  installed: 'installed',
  uninstalled: 'uninstalled',
  started: 'started',
  stopped: 'stopped',
}
const kindOf = (text: string): NotificationKind => Object.values(KINDS).find(kind => kind === text) ?? 'incident'
const STATUSES: { readonly [S in NotificationStatus]: S } = { Pending: 'Pending', Delivered: 'Delivered', Failed: 'Failed', Gone: 'Gone' }
const statusOf = (text: string): NotificationStatus => Object.values(STATUSES).find(status => status === text) ?? 'Pending'

/** Undefined where the record is gone; it came to be by `open`. */
function notificationOf(id: string, record: unknown, tries: unknown): LoggedNotification | undefined {
  if (typeof record !== 'object' || record === null) return undefined
  const fields = new Map<string, unknown>(Object.entries(record))
  if (!fields.has('status')) return undefined
  const text = (name: string): string => String(fields.get(name) ?? '')
  const account = asAccountId(text('account'))
  const cycle = text('cycle')
  const packageId = text('package')
  const marketplaceId = text('marketplaceId')
  return {
    id,
    kind: kindOf(text('kind')),
    account,
    ...(cycle === '' ? {} : { cycle: asCycleId(cycle) }),
    ...(packageId === '' ? {} : { installation: { account, package: packageId } }),
    ...(marketplaceId === '' ? {} : { marketplaceId }),
    title: text('title'),
    url: text('url'),
    userAgent: text('userAgent'),
    body: text('body'),
    status: statusOf(text('status')),
    createdAt: Number(text('createdAt')),
    tries: Array.isArray(tries) ? tries.map((one: string): NotificationTry => JSON.parse(one)) : [],
  }
}

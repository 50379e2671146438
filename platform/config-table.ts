/**
 * The one table of configuration (operations.md 2): `platform/config.ts` parses by it, and `.env.example` and
 * `docs/configuration.md` are written from it (`npm run env-example`).
 */
import * as units from './units.ts'
import type { Parse } from './units.ts'

export type ProcessName = 'api' | 'worker' | 'start'
const ALL = ['api', 'worker', 'start'] as const
const SERVERS = ['api', 'worker'] as const

export interface Setting<T> {
  /** Name of the environment variable; `{name}_FILE` names a file to read it from. */
  readonly name: string
  /** As it would be written in the environment; `{PORT}` in it stands for that variable's value. */
  readonly fallback?: string
  readonly parse: Parse<T>
  /** Ends the sentence "expected …". */
  readonly expected: string
  readonly meaning: string
  /** Never printed; `url`: printed without its password. */
  readonly secret?: true | 'url'
  /** Those that read it: where it has no fallback and is not optional, they refuse to start without it. */
  readonly processes: readonly ProcessName[]
  /** Heading under which it is listed. */
  readonly group: string
}

/** The value of a variable that may be left out, without a fallback. */
const optional =
  <T>(parse: Parse<T>): Parse<T | typeof ABSENT> =>
  text =>
    text === '' ? ABSENT : parse(text)

/** What an optional variable that was not given is, before it becomes `undefined` in `Config`. */
export const ABSENT = Symbol('absent')

const setting = <T>(group: string, entry: Omit<Setting<T>, 'group'>): Setting<T> => ({ ...entry, group })

const ADDRESS = 'Addresses'
const TEMPORAL = 'Redis and Temporal'
const SECURITY = 'Credentials and security'
const LIMITS = 'Limits'
const RUNNING = 'Running'

const MINUTE = 60_000
const DAY = 86_400_000
const MAX = Number.MAX_SAFE_INTEGER
const count = units.integer(1, 1_000_000_000)
const COUNT = 'a whole number above 0'
const SIZE = 'a size like 512kb, 1mb or 2gb'

export const TABLE = {
  port: setting(ADDRESS, { name: 'PORT', fallback: '3000', parse: units.port, expected: 'a port, 0 to 65535', meaning: 'Port of the API.', processes: ALL }),
  host: setting(ADDRESS, {
    name: 'HOST',
    fallback: '127.0.0.1',
    parse: units.nonEmpty,
    expected: 'a host name or an address',
    meaning: 'Address that the API and the health page of the worker listen on; 0.0.0.0 in the image.',
    processes: ALL,
  }),
  publicUrl: setting(ADDRESS, {
    name: 'PUBLIC_URL',
    fallback: 'http://localhost:{PORT}',
    parse: units.url('http:', 'https:'),
    expected: 'a URL like https://hooks.example.com',
    meaning: 'What webhook URLs begin with.',
    processes: ALL,
  }),
  workerMetricsPort: setting(ADDRESS, {
    name: 'WORKER_METRICS_PORT',
    fallback: '9464',
    parse: units.port,
    expected: 'a port, 0 to 65535',
    meaning: 'Port of the worker for /healthz, /readyz and /metrics; 0 takes any free one.',
    processes: ['worker', 'start'],
  }),

  redisUrl: setting(TEMPORAL, {
    name: 'REDIS_URL',
    fallback: 'redis://localhost:6379',
    parse: units.url('redis:', 'rediss:'),
    expected: 'a URL like redis://user:password@host:6379/0, or rediss:// for TLS',
    meaning:
      'Redis or Valkey with its append-only file on (appendfsync always, maxmemory-policy noeviction). npm start starts one of its own where this is not set.',
    secret: 'url',
    processes: ALL,
  }),
  temporalAddress: setting(TEMPORAL, {
    name: 'TEMPORAL_ADDRESS',
    fallback: 'localhost:7233',
    parse: units.address,
    expected: 'host:port',
    meaning: "Temporal's frontend. npm start starts one of its own where this is not set.",
    processes: ALL,
  }),
  temporalNamespace: setting(TEMPORAL, {
    name: 'TEMPORAL_NAMESPACE',
    fallback: 'flywheel',
    parse: units.nonEmpty,
    expected: 'the name of a namespace',
    meaning: 'Made at start, with its search attributes, where it is missing.',
    processes: ALL,
  }),
  temporalTaskQueue: setting(TEMPORAL, {
    name: 'TEMPORAL_TASK_QUEUE',
    fallback: 'flywheel',
    parse: units.nonEmpty,
    expected: 'the name of a task queue',
    meaning: 'Task queue that the workers poll.',
    processes: ALL,
  }),
  temporalApiKey: setting(TEMPORAL, {
    name: 'TEMPORAL_API_KEY',
    parse: optional(units.nonEmpty),
    expected: 'an API key',
    meaning: 'API key of Temporal Cloud; turns TLS on.',
    secret: true,
    processes: ALL,
  }),
  temporalTlsCert: setting(TEMPORAL, {
    name: 'TEMPORAL_TLS_CERT',
    parse: optional(units.pem),
    expected: 'a certificate in PEM form (TEMPORAL_TLS_CERT_FILE for its file)',
    meaning: 'Client certificate for Temporal, with TEMPORAL_TLS_KEY.',
    processes: ALL,
  }),
  temporalTlsKey: setting(TEMPORAL, {
    name: 'TEMPORAL_TLS_KEY',
    parse: optional(units.pem),
    expected: 'a private key in PEM form (TEMPORAL_TLS_KEY_FILE for its file)',
    meaning: 'Key of the client certificate.',
    secret: true,
    processes: ALL,
  }),
  temporalTlsCa: setting(TEMPORAL, {
    name: 'TEMPORAL_TLS_CA',
    parse: optional(units.pem),
    expected: 'a certificate in PEM form (TEMPORAL_TLS_CA_FILE for its file)',
    meaning: "Certificate of the authority that signed Temporal's; turns TLS on.",
    processes: ALL,
  }),
  temporalUiUrl: setting(TEMPORAL, {
    name: 'TEMPORAL_UI_URL',
    fallback: 'http://localhost:8233',
    parse: units.url('http:', 'https:'),
    expected: 'a URL like http://localhost:8233',
    meaning: "Temporal's UI, for the links in answers.",
    processes: ALL,
  }),

  clientId: setting(SECURITY, {
    name: 'CLIENT_ID',
    parse: units.nonEmpty,
    expected: "the partner's client id for /oauth/token",
    meaning: "The partner's client id for /oauth/token. npm start makes one, once.",
    processes: ['api'],
  }),
  clientSecret: setting(SECURITY, {
    name: 'CLIENT_SECRET',
    parse: text => (text.length >= 16 ? text : undefined),
    expected: "the partner's client secret for /oauth/token, at least 16 characters",
    meaning: "The partner's client secret, at least 16 characters. npm start makes one, once.",
    secret: true,
    processes: ['api'],
  }),
  encryptionKeys: setting(SECURITY, {
    name: 'ENCRYPTION_KEYS',
    parse: units.encryptionKeys,
    expected: 'id:base64[,id:base64], each key 32 bytes (openssl rand -base64 32)',
    meaning: 'Keys for secrets at rest, id:base64[,id:base64], each 32 bytes: the first encrypts, all decrypt. npm start makes one, once.',
    secret: true,
    processes: SERVERS,
  }),
  allowPrivateAddresses: setting(SECURITY, {
    name: 'ALLOW_PRIVATE_ADDRESSES',
    fallback: 'false',
    parse: units.boolean,
    expected: 'true or false',
    meaning: 'Whether steps and notifications may call loopback, private and link-local addresses; true under npm start and docker compose.',
    processes: SERVERS,
  }),
  allowedAddresses: setting(SECURITY, {
    name: 'ALLOWED_ADDRESSES',
    fallback: '',
    parse: units.addressList,
    expected: 'names, addresses and CIDR ranges, separated by commas',
    meaning: 'Private names, addresses and CIDR ranges that steps and notifications may call all the same, separated by commas.',
    processes: SERVERS,
  }),
  allowVolatileRedis: setting(SECURITY, {
    name: 'ALLOW_VOLATILE_REDIS',
    fallback: 'false',
    parse: units.boolean,
    expected: 'true or false',
    meaning: 'Run with a Redis that may lose what it acknowledged. Only for trials: a 200 is then no promise.',
    processes: ALL,
  }),

  maxBody: setting(LIMITS, {
    name: 'MAX_BODY',
    fallback: '1mb',
    parse: units.size,
    expected: SIZE,
    meaning: 'Largest body of a webhook, decoded.',
    processes: SERVERS,
  }),
  maxDepth: setting(LIMITS, {
    name: 'MAX_DEPTH',
    fallback: '64',
    parse: units.integer(1, 1000),
    expected: 'a whole number, 1 to 1000',
    meaning: 'Deepest nesting of a webhook body.',
    processes: SERVERS,
  }),
  maxValues: setting(LIMITS, {
    name: 'MAX_VALUES',
    fallback: '100000',
    parse: count,
    expected: COUNT,
    meaning: 'Most values in a webhook body.',
    processes: SERVERS,
  }),
  scriptTimeout: setting(LIMITS, {
    name: 'SCRIPT_TIMEOUT',
    fallback: '5s',
    parse: units.duration(1, MINUTE),
    expected: 'a duration like 500ms or 5s, at most 60s',
    meaning: 'How long one script may run.',
    processes: SERVERS,
  }),
  maxStepExecutions: setting(LIMITS, {
    name: 'MAX_STEP_EXECUTIONS',
    fallback: '10000',
    parse: count,
    expected: COUNT,
    meaning: 'Step executions after which a transaction is stopped with an error.',
    processes: SERVERS,
  }),
  maxPaged: setting(LIMITS, {
    name: 'MAX_PAGED',
    fallback: '10000',
    parse: count,
    expected: COUNT,
    meaning: 'Most elements of a list that a connector reads page by page; the rest is cut off with a warning.',
    processes: ['worker'],
  }),
  inboxLimit: setting(LIMITS, {
    name: 'INBOX_LIMIT',
    fallback: '1000000',
    parse: count,
    expected: COUNT,
    meaning: 'Most entries in the inbox of one cycle; above it 429.',
    processes: SERVERS,
  }),
  inboxBytes: setting(LIMITS, {
    name: 'INBOX_BYTES',
    fallback: '256mb',
    parse: units.size,
    expected: SIZE,
    meaning: 'Most bytes in the inbox of one cycle; above it 429.',
    processes: SERVERS,
  }),
  inboxTotalBytes: setting(LIMITS, {
    name: 'INBOX_TOTAL_BYTES',
    fallback: '2gb',
    parse: units.size,
    expected: SIZE,
    meaning: 'Most bytes in all inboxes together; above it 429.',
    processes: SERVERS,
  }),
  heldLimit: setting(LIMITS, {
    name: 'HELD_LIMIT',
    fallback: '2000',
    parse: count,
    expected: COUNT,
    meaning: 'Most connections that one API process holds for synchronous answers; above it 503.',
    processes: ['api'],
  }),
  stoppedQueueTtl: setting(LIMITS, {
    name: 'STOPPED_QUEUE_TTL',
    fallback: '24h',
    parse: units.duration(1, MAX),
    expected: 'a duration like 30m or 24h',
    meaning: 'How long a stopped cycle queues webhooks; then 406, and what was queued is dropped.',
    processes: SERVERS,
  }),
  retentionMax: setting(LIMITS, {
    name: 'RETENTION_MAX',
    fallback: '31d',
    parse: units.duration(1, 31 * DAY),
    expected: 'a duration like 7d, at most 31d',
    meaning: 'How long after its acceptance a transaction is removed at the latest.',
    processes: SERVERS,
  }),
  notificationRetries: setting(LIMITS, {
    name: 'NOTIFICATION_RETRIES',
    fallback: '5s,5m,30m,2h,5h,10h,10h',
    parse: units.durations(1, 31 * DAY, 20),
    expected: 'one to 20 durations like 5s,5m,30m, each at most 31d',
    meaning: 'How long after a failed try of a notification the next one comes, each up to 20 % later; after the last it has failed.',
    processes: ['worker'],
  }),

  dataDir: setting(RUNNING, {
    name: 'DATA_DIR',
    fallback: '.data',
    parse: units.nonEmpty,
    expected: 'a folder',
    meaning: 'Where npm start keeps the data of its Redis and Temporal, and the credentials that it made.',
    processes: ['start'],
  }),
  shutdownGrace: setting(RUNNING, {
    name: 'SHUTDOWN_GRACE',
    fallback: '30s',
    parse: units.duration(0, 60 * MINUTE),
    expected: 'a duration like 30s, at most 60m',
    meaning: 'How long a process finishes what it has begun after SIGTERM.',
    processes: SERVERS,
  }),
  logLevel: setting(RUNNING, {
    name: 'LOG_LEVEL',
    fallback: 'info',
    parse: units.oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    expected: 'fatal, error, warn, info, debug, trace or silent',
    meaning: 'What is logged.',
    processes: ALL,
  }),
  workflowWatchdog: setting(RUNNING, {
    name: 'WORKFLOW_WATCHDOG',
    fallback: 'off',
    parse: units.boolean,
    expected: 'on or off',
    meaning: "The SDK's watchdog over workflow code; off is faster, and workflows run no code of customers.",
    processes: ['worker'],
  }),
} as const

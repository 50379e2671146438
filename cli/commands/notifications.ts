/** `flywheel notifications`: what was told to the partner's own URLs, and what could not be. */
import { Option, type Command } from 'commander'
import { notification, type Notification } from '../answers.ts'
import type { Io } from '../io.ts'
import { pairs, table } from '../print/table.ts'
import { instant } from '../print/time.ts'
import { openSession } from '../session.ts'
import { add, count } from './command.ts'

const STATUSES = ['Pending', 'Delivered', 'Failed', 'Gone'] as const
const LIMIT = 50
const ID = 'id of the notification, as its receiver has it in webhook-id'

const notificationPath = (id: string): string => `/notifications/${encodeURIComponent(id)}`

export function addNotifications(program: Command, io: Io): void {
  const notifications = program
    .command('notifications')
    .summary('outbound notifications')
    .description("Lists and shows what was sent to the partner's own URLs, and sends it again.")

  add(notifications, {
    name: 'list',
    summary: 'Lists the notifications, the newest first',
    examples: [
      ['notifications list', `the newest ${LIMIT}`],
      ["notifications list --status Failed --limit 500 --json | jq -r '.[].Id'", 'what did not arrive'],
    ],
  })
    .addOption(new Option('--status <status>', 'only those').choices(STATUSES))
    .addOption(new Option('--limit <number>', 'so many at most').argParser(count).default(LIMIT))
    .action(async ({ status, limit }: { status?: string; limit: number }, command: Command) => {
      const session = openSession(io, command)
      const found = await session.partner().first('/notifications', notification, limit, { status })
      session.showAll(found, values => {
        const rows = values.map(value => [instant(value.CreatedOnUtc), value.Status, String(value.Tries.length), value.Title, value.Id])
        return table(io, ['CREATED', 'STATUS', 'TRIES', 'WHAT', 'ID'], rows, 'There are no notifications.')
      })
    })

  add(notifications, {
    name: 'show',
    summary: 'Shows a notification with its tries',
    examples: [
      ['notifications show 6f9619ff-8b86-4d01-b42d-00c04fc964ff', 'when it was sent, and what was answered'],
      ['notifications show 6f9619ff-8b86-4d01-b42d-00c04fc964ff --json | jq -r .Body', 'what is sent'],
    ],
  })
    .argument('<notification>', ID)
    .action(async (id: string, _: object, command: Command) => {
      const session = openSession(io, command)
      const { value, raw } = await session.partner().call('GET', notificationPath(id), notification)
      session.show(raw, () => details(io, value))
    })

  add(notifications, {
    name: 'replay',
    summary: 'Sends a notification again',
    description: 'To the same URL under the same id, whatever became of it before; its schedule begins anew.',
    examples: [['notifications replay 6f9619ff-8b86-4d01-b42d-00c04fc964ff', 'the receiver is back']],
  })
    .argument('<notification>', ID)
    .action(async (id: string, _: object, command: Command) => {
      const session = openSession(io, command)
      const { value, raw } = await session.partner().call('POST', `${notificationPath(id)}/replay`, notification)
      session.show(raw, () => `${value.Id} is about to be sent to ${value.Url}.\n`)
    })
}

function details(io: Io, one: Notification): string {
  const facts = pairs(io, [
    ['Notification', one.Id],
    ['Kind', one.Kind],
    ['What', one.Title],
    ['Status', one.Status],
    ['Created', instant(one.CreatedOnUtc)],
    ['To', one.Url],
    ['Temporal', one.TemporalUrl],
  ])
  const tries = one.Tries.map(({ Time, Status, Duration, Answer, Error }) => [
    instant(Time),
    Status === null ? '-' : String(Status),
    `${Duration} ms`,
    Error ?? Answer ?? '',
  ])
  return `${facts}\n${table(io, ['TIME', 'ANSWER', 'TOOK', 'BODY'], tries, 'It was not tried yet.')}`
}

/** `flywheel webhooks`: where a URL that a sender was given belongs. */
import type { Command } from 'commander'
import { webhookAddress } from '../answers.ts'
import type { Io } from '../io.ts'
import { pairs } from '../print/table.ts'
import { openSession } from '../session.ts'
import { add } from './command.ts'

export function addWebhooks(program: Command, io: Io): void {
  const webhooks = program.command('webhooks').summary('inbound URLs').description('Finds where an inbound URL belongs.')

  add(webhooks, {
    name: 'find',
    summary: 'Finds the account, cycle and step of a webhook URL, or the connector of a partner webhook',
    examples: [
      ['webhooks find https://hooks.example.com/api/webhook/3k9QbT0aVx1mZ7c2LwYpRd', 'the URL that a sender has'],
      ['webhooks find 3k9QbT0aVx1mZ7c2LwYpRd --json', 'its identifier alone'],
    ],
  })
    .argument('<url>', 'the URL, or its identifier')
    .action(async (identifier: string, _: object, command: Command) => {
      const session = openSession(io, command)
      const { value, raw } = await session.partner().call('GET', '/webhooks', webhookAddress, { query: { identifier } })
      session.show(raw, () =>
        pairs(
          io,
          'ConnectorId' in value
            ? [
                ['Connector', `${value.ConnectorName} (${value.ConnectorId})`],
                ['URL', value.Url],
              ]
            : [
                ['Account', `${value.AccountExternalId} (${value.AccountName}, ${value.AccountId})`],
                ['Cycle', `${value.CycleName} (${value.CycleId})`],
                ['Step', value.StepId === value.StepName ? value.StepId : `${value.StepId} (${value.StepName})`],
                ['URL', value.Url],
              ],
        ),
      )
    })
}

/** What an operator does in the Temporal UI: opens a workflow, and sends a signal by the UI's own form. */
import type { Locator, Page } from 'playwright-core'

/** A cold UI on a busy machine takes its time (ms). */
const WAIT = 60_000

/** The UI holds some of its parts twice, for wide and for narrow windows: the one that can be seen. */
const seen = (locator: Locator): Locator => locator.filter({ visible: true }).first()

/** Opens the form with a signal chosen and, where one is given, its JSON typed in. */
export async function fillSignal(page: Page, signal: string, input?: unknown): Promise<Locator> {
  await seen(page.getByRole('button', { name: 'More Actions' })).click({ timeout: WAIT })
  await seen(page.getByTestId('signal-button')).click({ timeout: WAIT })
  const form = seen(page.locator('dialog[open]'))
  await form.getByTestId('signal-select-button').click({ timeout: WAIT })
  await seen(form.getByRole('option', { name: signal, exact: true })).click({ timeout: WAIT })
  if (input !== undefined) {
    await form.locator('[contenteditable=true]').click()
    await page.keyboard.insertText(JSON.stringify(input))
  }
  return form
}

/** Submits the form, and waits until the UI says that the signal was sent. */
export async function submitSignal(form: Locator): Promise<void> {
  await form.getByTestId('confirm-modal-button').click({ timeout: WAIT })
  await form.waitFor({ state: 'hidden', timeout: WAIT })
}

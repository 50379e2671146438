/** The page that variables are set on: all in one form, or one after the other (marketplace.md 4, `Wizard`). */
import type { Answer } from '../../route.ts'
import type { FormProblem } from '../fields.tsx'
import type { Subject } from '../flow/subject.ts'
import type { VariableField } from '../flow/variables.ts'
import { pageOf } from '../layout.tsx'
import { Picture } from '../marketplace/cards.tsx'
import { Form, Name } from '../parts.tsx'
import { texts } from '../texts.ts'
import type { View } from '../view.ts'
import { Input, Summary } from './inputs.tsx'

export interface SettingsPage {
  readonly view: View
  readonly subject: Subject
  /** That the page asks. */
  readonly fields: readonly VariableField[]
  /** Where it stands among all of them, from 1: one page for each. */
  readonly wizard?: { readonly at: number; readonly of: number }
  /** Nothing is asked after it. */
  readonly last: boolean
  /** What was typed and not taken, by key; never a secret. */
  readonly typed?: { readonly [key: string]: string }
  /** By key. */
  readonly problems?: ReadonlyMap<string, string>
  /** What is wrong with all of it together. */
  readonly whole?: string | undefined
}

export function settingsPage(page: SettingsPage): Answer {
  const { view, subject, fields, wizard, last, typed = {}, problems = new Map<string, string>(), whole } = page
  const { settings, actions } = texts
  const wrong: readonly FormProblem[] = [
    ...(whole === undefined ? [] : [{ message: whole }]),
    ...fields.flatMap(({ key, id, label }): FormProblem[] => {
      const message = problems.get(key)
      return message === undefined ? [] : [{ field: id, label, message }]
    }),
  ]
  const title = settings.title(subject.title)
  const groups = groupsOf(fields)
  const form = (
    <Form view={view} name="Settings" action={`${subject.base}/settings`}>
      {wizard === undefined ? null : <input type="hidden" name="at" value={wizard.at} />}
      {groups.map(({ template, own }) => {
        const inputs = own.map(field => <Input field={field} typed={typed[field.key]} problem={problems.get(field.key)} />)
        return groups.length < 2 ? (
          inputs
        ) : (
          <fieldset class="group">
            <legend>
              <Name>{template}</Name>
            </legend>
            {inputs}
          </fieldset>
        )
      })}
      <p class="actions">
        <button type="submit" name="does" value="save" class="button primary">
          {last ? actions.install : settings.next}
        </button>
        {wizard !== undefined && wizard.at > 1 ? (
          <a class="button quiet" href={view.href(`${subject.base}/settings?at=${wizard.at - 1}`)}>
            {settings.previous}
          </a>
        ) : null}
        <button type="submit" name="does" value="cancel" class="button quiet" formNoValidate>
          {settings.cancel}
        </button>
      </p>
    </Form>
  )
  return pageOf(
    view,
    { title, narrow: true, status: wrong.length > 0 ? 422 : 200, scripts: ['settings.js'] },
    <section class="panel settings">
      {wizard === undefined ? null : (
        <div class="wizard">
          <p class="muted small" id="where">
            {settings.step(wizard.at, wizard.of)}
          </p>
          <progress class="bar" max={wizard.of} value={wizard.at} aria-labelledby="where" />
        </div>
      )}
      <div class="top">
        <Picture image={subject.image} name={subject.title} />
        <h1>
          <Name>{title}</Name>
        </h1>
      </div>
      {wizard === undefined ? <p class="muted">{settings.text}</p> : null}
      <Summary problems={wrong} />
      {form}
    </section>,
  )
}

/** Side by side where they are of one template. */
function groupsOf(fields: readonly VariableField[]): readonly { readonly template: string; readonly own: readonly VariableField[] }[] {
  const ids = [...new Set(fields.map(({ key }) => templateOf(key)))]
  return ids.map(id => {
    const own = fields.filter(({ key }) => templateOf(key) === id)
    return { template: own[0]?.template ?? '', own }
  })
}

const templateOf = (key: string): string => key.slice(0, key.indexOf('.'))

/** Every text that a page shows, in one place: for another language, this file is what is translated. Scripts get theirs in `data-` attributes. */
import type { ApiErrorCode } from '../../domain/errors.ts'
import type { OperationKind } from '../../storage/operation.ts'

/** What happened, and what to do about it. */
interface Told {
  readonly title: string
  readonly lines: readonly string[]
}

const errors: { readonly [code in ApiErrorCode]?: string } = {
  form_refused: 'This page was open for too long, or the request came from another site. Nothing was changed. Please go back and try again.',
  request_invalid: 'Something in what you sent could not be read. Nothing was changed.',
  route_not_found: 'There is no page at this address.',
  method_not_allowed: 'This address is not a page of its own. Please go back and try again.',
  body_too_large: 'That was too much at once. Please enter less, and try again.',
  package_not_found: 'This integration is no longer offered. Nothing was changed.',
  package_not_installed: 'This integration is not installed any more. Nothing was changed.',
  package_installed: 'This integration is already installed, and once is enough.',
  operation_running: 'Something is already happening with this integration. Please wait a moment, and try again.',
  operation_not_found: 'We could not find what you are looking for. It may have been some time ago.',
}

const direction = (one: 'ltr' | 'rtl'): 'ltr' | 'rtl' => one

export const texts = {
  lang: 'en',
  /** Direction of the language. */
  dir: direction('ltr'),

  /** Names of the forms, which are their buttons' too. */
  actions: { install: 'Install', start: 'Start', stop: 'Stop', uninstall: 'Uninstall' } satisfies Record<OperationKind, string>,

  marketplace: {
    title: (name: string): string => name,
    subtitle: (account: string): string => `Integrations for ${account}`,
    search: 'Search integrations',
    searchButton: 'Search',
    tags: 'Filter by tag',
    allTags: 'All',
    found: (count: number): string => (count === 1 ? '1 integration found' : `${count} integrations found`),
    clear: 'Show all integrations',
    nothing: 'Nothing matches. Try another word, or show everything again.',
    empty: 'There are no integrations here yet. Please come back soon.',
    open: 'Open',
    allCategories: 'All integrations',
    categories: 'Where you are',
    inCategory: (count: number): string => (count === 1 ? '1 integration' : `${count} integrations`),
    link: 'Learn more',
    progress: 'Show progress',
  },

  state: {
    NotInstalled: 'Not installed',
    Installed: 'Installed',
    Started: 'Running',
    Stopped: 'Stopped',
    install: 'Installing…',
    uninstall: 'Uninstalling…',
    start: 'Starting…',
    stop: 'Stopping…',
  },

  /** An operation has ended well. */
  done: {
    install: (name: string): string => `${name} is installed.`,
    uninstall: (name: string): string => `${name} was uninstalled.`,
    start: (name: string): string => `${name} is running.`,
    stop: (name: string): string => `${name} is stopped.`,
  } satisfies Record<OperationKind, (name: string) => string>,

  uninstall: {
    title: (name: string): string => `Uninstall ${name}?`,
    text: 'It stops at once, and its settings are removed. Your connections to other applications stay.',
    yes: 'Uninstall',
    no: 'Keep it',
  },

  progress: {
    title: {
      install: (name: string): string => `Installing ${name}`,
      uninstall: (name: string): string => `Uninstalling ${name}`,
      start: (name: string): string => `Starting ${name}`,
      stop: (name: string): string => `Stopping ${name}`,
    } satisfies Record<OperationKind, (name: string) => string>,
    text: 'This takes a few seconds. You may close this page: it goes on by itself.',
    steps: 'Steps',
    state: { waiting: 'waiting', running: 'in progress', done: 'done' },
    of: (done: number, all: number): string => `${done} of ${all} done`,
    slow: 'This takes longer than usual. It goes on by itself; you need not wait.',
  },

  failed: {
    title: {
      install: (name: string): string => `${name} could not be installed`,
      uninstall: (name: string): string => `${name} could not be uninstalled`,
      start: (name: string): string => `${name} could not be started`,
      stop: (name: string): string => `${name} could not be stopped`,
    } satisfies Record<OperationKind, (name: string) => string>,
    text: {
      install: 'Nothing was installed. Here is why:',
      uninstall: 'Here is why:',
      start: 'Nothing was started. Here is why:',
      stop: 'Here is why:',
    } satisfies Record<OperationKind, string>,
  },

  complete: {
    title: (name: string): string => `${name} is installed`,
    text: 'Everything is set up.',
    problems: 'It is installed, but not all of it could be started:',
    close: 'Close',
    closed: 'You may close this window now.',
  },

  back: { marketplace: 'Back to the marketplace', launch: 'Back to the integrations' },

  problem: {
    title: 'That did not work',
    notFound: 'We could not find that',
    errors,
    /** A fault of ours. */
    internal: ['Something went wrong on our side. Please try again in a moment.'],
    unavailable: ['We cannot do this at the moment. Please try again in a few seconds.'],
    id: (id: string): string => `If it happens again, tell the people who gave you this page: ${id}`,
    again: 'Try again',
  },

  expired: {
    title: 'This link has expired',
    lines: ['A link works once, for 5 minutes. Go back to where you came from and open it again.'],
  } satisfies Told,
  ended: {
    title: 'Your session has ended',
    lines: ['Go back to where you came from and open the page again. Nothing that you have installed is lost.'],
  } satisfies Told,
}

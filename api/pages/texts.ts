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
  template_not_found: 'This integration is no longer offered. Nothing was changed.',
  template_installed: 'This integration is already installed, and once is enough.',
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
    subtitle: (account: string): string => `Integrations for ${account}`,
    search: 'Search integrations',
    searchButton: 'Search',
    tags: 'Filter by tag',
    allTags: 'All',
    found: (count: number): string => (count === 1 ? '1 integration found' : `${count} integrations found`),
    clear: 'Show all integrations',
    nothing: 'Nothing matches. Try another word, or show everything again.',
    empty: 'There are no integrations here yet. Please come back soon.',
    allCategories: 'All integrations',
    categories: 'Where you are',
    inCategory: (count: number): string => (count === 1 ? '1 integration' : `${count} integrations`),
    link: 'Learn more',
    progress: 'Show progress',
  },

  state: {
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

  /** Forms with fields. */
  form: {
    check: 'Please check what you entered',
    optional: '(optional)',
    missing: 'Please fill this in.',
    choose: 'Please choose one.',
    tooLong: (max: number): string => `This is too long: at most ${max} characters fit.`,
  },

  /** LAUNCH: the choice. */
  launch: {
    title: 'Choose an integration',
    subtitle: (account: string): string => `For ${account}`,
    empty: 'There is nothing to install here at the moment. Please come back soon, or ask the people who gave you this page.',
    there: 'You have this one already.',
  },

  /** Values that users set. */
  settings: {
    title: (name: string): string => `Set up ${name}`,
    text: 'Have a look at these settings. You can change them before it is installed.',
    next: 'Continue',
    previous: 'Back',
    cancel: 'Cancel',
    step: (at: number, of: number): string => `Step ${at} of ${of}`,
    yes: 'Yes',
    no: 'No',
    none: 'None',
    choose: 'Please choose…',
    kept: 'There is a value already, which is never shown. Leave this empty to keep it.',
    number: 'Please enter a number.',
    json: 'This could not be read. Please check brackets, quotes and commas.',
    tooMuch: 'That is too much all together. Please enter less.',
  },

  /** Connecting applications. `name`: of the application. */
  connect: {
    title: (name: string): string => `Connect ${name}`,
    againTitle: (name: string): string => `Connect ${name} again`,
    again: 'This connection has stopped working, perhaps because a password was changed or access was withdrawn. Connect it once more to go on.',
    for: (subject: string): string => `For ${subject}`,
    connections: 'Connections',
    state: { waiting: 'to do', running: 'now', done: 'connected' },
    labels: { apiKey: 'API key', bearer: 'Access token', username: 'User name', password: 'Password' },
    kept: 'This is stored encrypted, and is never shown again.',
    connect: 'Connect',
    go: 'Continue',
    cancel: 'Cancel',
    change: 'Change the details',
    trying: (name: string): string => `Asking ${name}…`,
    failed: 'Failed to authenticate the connector',
    answer: (name: string): string => `Nothing was stored. ${name} could not be connected with what you entered:`,
    changed: 'Somebody else changed this connection at the same moment. Please try again.',
    choose: (name: string): string => `Which ${name} connection should be used?`,
    lost: 'has to be connected again',
    another: (name: string): string => `Connect another ${name}`,
    others: 'Choose another connection',
    visit: (name: string): string => `${name} opens in a window of its own and asks you to agree. Then this page goes on by itself.`,
    visitHere: (name: string): string => `${name} asks you to agree. Then you come back here.`,
    open: (name: string): string => `Go to ${name}`,
    after: 'If this page does not go on by itself when you are done, press Continue.',
    waiting: (name: string): string => `Waiting for you to agree at ${name}…`,
    closed: 'Was the window closed? You can open it again.',
    connected: (name: string): string => `${name} is connected. Going on…`,
    notYet: (name: string): string => `${name} is not connected yet. Please go there first, and agree.`,
    allDone: 'Everything is connected',
    allDoneText: 'You can go on now.',
    gone: (names: readonly string[]): Told => ({
      title: 'This cannot be connected at the moment',
      lines: [`It needs ${names.join(', ')}, which is not available any more. Nothing was changed. Please tell the people who gave you this page.`],
    }),
  },

  /** Before a user without a session is sent to an application. */
  authorize: {
    title: (name: string): string => `Connect ${name}`,
    application: 'Application',
    account: 'Account',
    next: (name: string, account: string): string => `On the next page ${name} asks you to give ${account} access to your data there.`,
    warning: 'Go on only if you have just asked for this yourself. If somebody sent you this link, close the window.',
    go: 'Continue',
  },

  /** What came of it when a user is back from an application. `detail`: the account connector's name, or why it did not work. */
  authorized: {
    done: (name: string, detail: string): Told => ({ title: 'Connected', lines: [`${name} is connected as ${detail}.`] }),
    expired: (): Told => ({
      title: 'This link has expired',
      lines: ['It works for ten minutes, in the browser where you began. Nothing was changed.'],
    }),
    gone: (): Told => ({ title: 'Not connected', lines: ['What you were about to connect was removed meanwhile.'] }),
    refused: (name: string, detail: string): Told => ({ title: 'Not connected', lines: [`${name} did not give access: ${detail}`, 'Nothing was changed.'] }),
    down: (name: string, detail: string): Told => ({
      title: 'Not connected',
      lines: [`${name} does not answer at the moment: ${detail}`, 'Nothing was changed. Please try again in a few minutes.'],
    }),
    unavailable: (): Told => ({ title: 'Not connected', lines: ['We cannot store this at the moment. Please try again in a few minutes.'] }),
    close: 'You may close this window.',
    again: 'You may close this window. The page behind it is still open: you can try again there.',
    here: 'You can go back and try again.',
    elsewhere: 'Go back to where you came from, and connect the application again.',
    closeButton: 'Close this window',
    back: 'Go back',
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

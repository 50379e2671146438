/** Shows results and notifications as entries of a list, the newest first. */
export function showEntry(list, { title, detail, failed = false }, data) {
  const entry = document.createElement('li')
  const heading = document.createElement('strong')
  heading.textContent = title
  heading.className = failed ? 'bad' : 'good'
  const line = document.createElement('span')
  line.className = 'quiet'
  line.textContent = detail
  const more = document.createElement('details')
  const summary = document.createElement('summary')
  summary.textContent = 'All of it'
  const text = document.createElement('pre')
  text.tabIndex = 0
  text.textContent = JSON.stringify(data, null, 2)
  more.append(summary, text)
  entry.append(heading, line, more)
  list.prepend(entry)
}

/** The result object of a marketplace has `cycles`, that of LAUNCH is about one. */
export function showResult(list, result) {
  const cycles = result.cycles ?? [result]
  const active = cycles.filter(cycle => cycle.status === 'Active').length
  const failed = result.errors.length > 0
  const title = failed ? result.errors.join(' ') : cycles.length === 1 ? 'Installed' : `Installed, with ${cycles.length} parts`
  const detail = `${active} of ${cycles.length} running · ${result.completeParameter ?? 'no parameter'}`
  showEntry(list, { title, detail, failed }, result)
}

/** A text as JSON.parse reads it, where it is a result; undefined for anything else. */
export function readResult(text) {
  try {
    const result = JSON.parse(text)
    return typeof result?.accountApiId === 'string' && Array.isArray(result.errors) ? result : undefined
  } catch {
    return undefined
  }
}

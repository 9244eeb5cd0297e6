// Without this file every page works; with it, menus and wide tables fold on a telephone, tabs do
// not reload and sliders say their value while they move.
import { initAll } from '../vendored/govuk/govuk-frontend.js'

const start = () => {
  document.body.classList.add('js-enabled', 'govuk-frontend-supported')
  initAll()
}
start()
// Who listens to a page, or moves by keys, goes on in the one that took its place.
const arrived = () => {
  start()
  const main = document.getElementById('main')
  if (document.activeElement !== document.body || !main) return
  main.tabIndex = -1
  main.focus({ preventScroll: true })
}

// On a telephone a table that is wider than the page has its cells one under another, each beside
// the name of its column. Roles keep it a table for who listens to it.
const TELEPHONE = window.matchMedia('(max-width: 40rem)')
const ROLES = { table: 'table', 'thead, tbody': 'rowgroup', tr: 'row', td: 'cell', 'thead th': 'columnheader', 'tbody th': 'rowheader' }
const stacked = (frame, heads) => {
  for (const row of frame.querySelectorAll('tbody tr')) {
    [...row.cells].forEach((cell, place) => { cell.dataset.head = heads[place] || '' })
  }
  for (const [tags, role] of Object.entries(ROLES)) {
    frame.querySelectorAll(tags).forEach((one) => one.setAttribute('role', role))
  }
  frame.classList.add('hg-stack')
}
const fit = () => document.querySelectorAll('.hg-scroll').forEach((frame) => {
  frame.classList.remove('hg-stack')
  const heads = [...frame.querySelectorAll('thead th')].map((head) => head.textContent.replace(/[▲▼]/, '').trim())
  if (TELEPHONE.matches && heads.length && frame.scrollWidth > frame.clientWidth) stacked(frame, heads)
})
fit()
TELEPHONE.addEventListener('change', fit)
document.addEventListener('toggle', fit, true)
document.body.addEventListener('htmx:afterSettle', ({ target }) => {
  if (target === document.body) arrived()
  fit()
})
document.addEventListener('input', ({ target }) => {
  const told = target.type === 'range' && document.querySelector(`output[for="${target.id}"]`)
  if (!told) return
  const { unit, top, bottom } = told.dataset
  const end = { [target.min]: bottom, [target.max]: top }[target.value]
  told.value = end || `${target.value} ${unit}`.trim()
  target.setAttribute('aria-valuetext', told.value)
})
// What looks again by itself takes nothing from under somebody's hands: it waits while they type
// there, or are at something that has no name to be found by again.
const LOOKS_AGAIN = '[data-looks-again]'
document.body.addEventListener('htmx:beforeSwap', ({ detail }) => {
  const at = document.activeElement
  if (!detail.requestConfig.elt.matches(LOOKS_AGAIN) || !detail.target.contains(at)) return
  if (!at.id || at.value !== at.defaultValue) detail.shouldSwap = false
})
document.body.addEventListener('htmx:responseError', ({ detail }) => {
  if (detail.requestConfig.elt.matches(LOOKS_AGAIN)) window.location.reload()
})
// Pages of signing in have scripts that want a page of their own.
document.body.addEventListener('htmx:beforeSwap', (event) => {
  const where = new URL(event.detail.xhr.responseURL)
  if (where.pathname.startsWith('/account/')) {
    event.detail.shouldSwap = false
    window.location.assign(where)
  }
})

'use strict';
// The page is complete without this script; it adds views, filters, the large view and keys.
// Nothing here makes markup from data: texts come from templates that were escaped when written.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const looks = JSON.parse($('#index').textContent);
const places = new Map(looks.map((look, index) => [look.key, index]).reverse());
const bar = $('#bar');
const views = $$('.views a').map((link) => link.dataset.view);
let shown = looks.map((_, index) => index);

// The address holds the whole state, so that a view can be sent to somebody and Back works.
function address(changes = {}) {
  const state = new URLSearchParams();
  const now = new URLSearchParams(location.hash.slice(1));
  const view = changes.view ?? now.get('view');
  if (view && view !== 'grid') state.set('view', view);
  for (const [name, value] of new FormData(bar)) if (value) state.append(name, value);
  const look = 'look' in changes ? changes.look : now.get('look');
  if (look) state.set('look', look);
  return '#' + state;
}

// Two ways to move: one that Back returns from, and one that it does not notice.
function go(hash) {
  location.hash = hash;
  follow();
}

function replaceAddress(hash) {
  history.replaceState(null, '', hash);
  follow();
}

function follow() {
  const state = new URLSearchParams(location.hash.slice(1));
  const view = views.includes(state.get('view')) ? state.get('view') : 'grid';
  for (const link of $$('.views a')) {
    if (link.dataset.view === view) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  for (const name of views) $('#view-' + name).hidden = name !== view;
  lend($('#view-' + view));
  readFilters(state);
  filter();
  const look = state.get('look');
  if (look !== null && places.has(look)) openLook(places.get(look));
  else closeLook();
}

// With embedded pictures a thumbnail is in the page once; other places borrow it when they show.
function lend(root) {
  for (const image of $$('img[data-lent]:not([src])', root)) {
    image.src = document.getElementById(image.dataset.lent).src;
  }
  for (const image of $$('image[data-lent]:not([href])', root)) {
    image.setAttribute('href', document.getElementById(image.dataset.lent).src);
  }
}

function theme() {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const now = document.documentElement.dataset.theme ?? (dark ? 'dark' : 'light');
  const next = now === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.theme = next;
  remember('lookbook.theme', next);
}

// One line: what is pasted into a terminal must not run a second one.
async function toClipboard(copied, beside) {
  const text = copied.replace(/\s*[\r\n]+\s*/g, ' ').trim();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page from disk may not use the clipboard directly; a selection always can be copied.
    const field = document.createElement('textarea');
    field.value = text;
    beside.after(field);
    field.select();
    document.execCommand('copy');
    field.remove();
    beside.focus();
  }
  const label = beside.textContent;
  beside.textContent = 'Copied';
  const status = $('dialog[open] [role=status]') ?? $('#tally');
  status.textContent = 'Copied';
  setTimeout(() => { beside.textContent = label; }, 1500);
}

// A browser may refuse storage to a page from disk; the page works without it.
function remember(name, value) {
  try { localStorage.setItem(name, value); } catch { /* not remembered */ }
}
function recall(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

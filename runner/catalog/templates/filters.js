// Within one filter any choice fits; different filters must all fit; every searched word must occur.

function readFilters(state) {
  for (const input of $$('input', bar)) {
    if (input.type === 'checkbox') input.checked = state.getAll(input.name).includes(input.value);
    else if (document.activeElement !== input) input.value = state.get(input.name) ?? '';
  }
}

function chosen() {
  const groups = new Map();
  for (const [name, value] of new FormData(bar)) {
    if (value) groups.set(name, [...(groups.get(name) ?? []), value]);
  }
  return groups;
}

function fits(look, groups) {
  for (const [name, values] of groups) {
    if (name === 'q') {
      if (!values[0].toLowerCase().split(/\s+/).every((word) => look.text.includes(word))) return false;
    } else if (name === 'state') {
      if (!values.includes(look.state)) return false;
    } else if (name === 'face') {
      if (!look.differs) return false;
    } else if (name === 'chosen') {
      if (!choices.has(look.key)) return false;
    } else if (name === 'tag') {
      if (!look.tags.some((tag) => values.includes(tag))) return false;
    } else if (name.startsWith('axis.')) {
      const found = look.axes.find(([axis]) => 'axis.' + axis === name);
      if (!found || !values.includes(found[1])) return false;
    }
  }
  return true;
}

// Every place where a look stands, found once: a campaign may have a thousand of them.
const spots = $$('[data-look]').map((element) => ({
  element, look: Number(element.dataset.look), card: element.classList.contains('card'),
  hides: element.matches('.card, tr'),
}));

// Cards stand in the manifest's order, or the least alike face first; what has no distance comes last.
const cards = spots.filter(({ card }) => card);
let ordered = '';
function arrange(order) {
  if (order !== ordered) {
    ordered = order;
    const far = ({ look }) => (order === 'face' ? -(looks[look].face ?? -1) : look);
    for (const { element } of [...cards].sort((a, b) => far(a) - far(b) || a.look - b.look)) {
      element.parentElement.append(element);
    }
  }
  const indexes = looks.map((_, index) => index);
  if (order !== 'face') return indexes;
  return indexes.sort((a, b) => (looks[b].face ?? -1) - (looks[a].face ?? -1) || a - b);
}

function filter() {
  const groups = chosen();
  const order = groups.get('order')?.[0] ?? '';
  groups.delete('order');
  shown = arrange(order).filter((index) => fits(looks[index], groups));
  const visible = new Set(shown);
  for (const { element, look, hides } of spots) {
    const off = !visible.has(look);
    if (hides) element.hidden = off;
    else element.inert = off;
  }
  const charged = $('#charged');
  if (charged) {
    const rows = $$('.charges tbody tr:not([hidden])');
    const usd = rows.reduce((sum, row) => sum + Number(row.dataset.usd), 0);
    charged.textContent = groups.size ? ` · ${rows.length} shown, $${usd.toFixed(2)}` : '';
  }
  const orphans = $('.orphans');
  if (orphans) orphans.hidden = !$('.card:not([hidden])', orphans);
  for (const menu of $$('.menu', bar)) {
    const count = $$('input:checked', menu).length;
    $('.chosen', menu).textContent = count || '';
  }
  $('#clear').hidden = groups.size === 0 && !order;
  $('#nothing').hidden = shown.length > 0;
  $('#tally').textContent = groups.size ? `${shown.length} of ${looks.length} looks` : '';
  $('#copy-chosen').hidden = !groups.has('chosen') || shown.length === 0;
}

function clearFilters() {
  for (const input of $$('input', bar)) {
    if (input.type === 'checkbox') input.checked = false;
    else input.value = '';
  }
  replaceAddress(address());
}

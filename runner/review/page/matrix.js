// The looks: a table for each matrix, and the others in a grid. A tile is made once, and painted
// again when its look has changed.

const tiles = new Map();
let filter = 'all';

const FILTERS = {
  all: ['All', () => true],
  open: ['To decide', undecided],
  rejected: ['Rejected', (look) => picture(look)?.review.state === 'rejected'],
  differs: ['Face differs', differs],
  alike: ['Least alike first', (look) => distance(look) !== null],
  stale: ['Out of date', (look) => look.state === 'stale'],
  missing: ['To make', (look) => look.buys > 0 || look.waits > 0],
  going: ['Under way', (look) => Boolean(going(look)) || model.run.queued.includes(look.key)],
  bad: ['Problems', (look) => failed(look) || (look.state === 'blocked' && !look.waits)],
};
const VIEWS = {
  lineage: ['Lineage', () => model.order.some((key) => model.looks[key].reference)],
  money: ['Money', () => model.money.charged_usd + model.money.held_usd > 0],
};
const isView = (name) => name in VIEWS;
const fits = (look) => isView(filter) || FILTERS[filter][1](look);

function chip(look) {
  const one = shownTake(look);
  const moving = going(look);
  if (moving?.state === 'pending_consent') return ['wait', 'needs consent'];
  if (moving?.state === 'unknown') return ['wait', 'outcome unknown'];
  if (moving?.state === 'submitting') return ['live', 'sending'];
  if (moving) return ['live', generating(moving)];
  if (model.run.queued.includes(look.key)) return ['', 'queued'];
  if (look.state === 'stale') return ['wait', `out of date · renew ${usd(look.price_usd)}`];
  if (look.state === 'changed') return ['wait', `edited · ${usd(look.price_usd * Math.max(1, look.buys))}`];
  if (picture(look)) {
    const review = picture(look).review;
    if (review.state === 'approved') return ['good', '✓ approved'];
    if (review.state === 'rejected') return ['bad', `✗ “${review.reason ?? 'rejected'}”`];
    if (one.face?.differs) return ['wait', one.face.held ? 'face differs, approval needed' : 'face differs'];
    return look.gate ? ['wait', 'approval needed'] : null;
  }
  if (failed(look)) return ['bad', `failed · ${look.takes[look.takes.length - 1].billing}`];
  if (look.waits) return ['wait', 'waits for approval'];
  if (look.state === 'blocked') return ['bad', 'blocked'];
  if (look.buys) return ['', `not made · ${usd(look.price_usd * look.buys)}`];
  return null;
}

function generating(one) {
  const age = Date.now() / 1000 - (one.sent ?? Date.now() / 1000);
  const typical = model.run.typical;
  return `generating ${clock(age)}` + (typical ? ` of about ${clock(typical)}` : '');
}

function nothingYet(look) {
  const last = look.takes[look.takes.length - 1];
  if (last?.error && failed(look)) return [last.error.meaning, last.error.cure];
  if (look.state === 'blocked') return ['Not made', look.why];
  if (going(look)) return [human(look.title), ''];
  return [human(look.title), look.meaning];
}

function paintTile(key) {
  const look = model.looks[key];
  const tile = tiles.get(key);
  if (!look || !tile) return;
  const one = picture(look);
  const mark = chip(look);
  const review = one?.review.state ?? '';
  tile.className = `tile ${review}`;
  tile.setAttribute('aria-label', [look.title, look.label, review, mark?.[1]].filter(Boolean).join(', '));
  tile.setAttribute('aria-current', String(key === chosen));
  const frame = $('.frame', tile);
  const image = $('img', frame);
  const source = one && address('thumbs', look, one);
  if (!source) {
    const [title, text] = nothingYet(look);
    frame.replaceChildren(el('span', { className: 'void' }, el('b', {}, title), el('span', {}, text)));
  } else if (image?.getAttribute('src') !== source) {
    frame.replaceChildren(el('img', { src: source, alt: '', loading: 'lazy', decoding: 'async', className: look.fresh ? 'fresh' : '' }));
  }
  for (const old of $$('.chip, .count, .bar', frame)) old.remove();
  if (mark) frame.append(el('span', { className: `chip ${mark[0]}` }, mark[1]));
  if (look.takes.length > 1) frame.append(el('span', { className: 'count' }, plural(look.takes.length, 'take')));
  const moving = going(look);
  if (moving?.state === 'processing') frame.append(el('span', { className: 'bar' }, el('i')));
  tile.hidden = !fits(look);
  if (moving) tick(key);
}

// Once a second: how long what is generated has taken so far.
function tick(key) {
  const tile = tiles.get(key);
  const moving = going(model.looks[key]);
  if (!moving || moving.state !== 'processing') return;
  const mark = $('.chip', tile);
  if (mark) mark.textContent = generating(moving);
  const bar = $('.bar i', tile);
  const age = Date.now() / 1000 - (moving.sent ?? Date.now() / 1000);
  if (bar && model.run.typical) bar.style.width = `${Math.min(96, (100 * age) / model.run.typical)}%`;
}
setInterval(() => { if (model) for (const key of model.order) if (going(model.looks[key])) tick(key); }, 1000);

function makeTile(key) {
  const look = model.looks[key];
  const tile = el('button', { type: 'button', className: 'tile', on: { click: () => choose(key, { open: true }) } },
    el('span', { className: 'frame' }), el('span', { className: 'name' }, look.key === 'base' ? `${look.title} · base` : look.title));
  tile.dataset.look = key;
  tiles.set(key, tile);
  return tile;
}

function sectionsShown() {
  if (filter === 'lineage') return lineageSections();
  if (filter === 'money') return moneySections();
  if (byFace(filter)) return [facesInOrder()];
  const sections = model.matrices.flatMap(planes); // the matrix first
  const others = model.order.filter((key) => !tiles.has(key));
  if (others.length) sections.push(el('section', { className: 'looks' }, el('h2', {}, model.matrices.length ? 'Base and single looks' : 'Looks'), el('div', { className: 'grid' }, others.map(makeTile))));
  return sections;
}

function paintLooks() {
  tiles.clear();
  const sections = sectionsShown();
  const main = $('#looks');
  main.replaceChildren(...sections, el('p', { className: 'none', hidden: true }, 'Nothing here.'));
  for (const key of tiles.keys()) paintTile(key);
  paintNothing();
}

const WIDEST = 5; // columns that fit beside each other

// A matrix as tables: the two longest axes as rows and columns, one table for each combination of the others.
function planes(matrix) {
  const mine = model.order.filter((key) => model.looks[key].matrix === matrix.id);
  if (!mine.length) return [];
  const axes = [...matrix.axes].sort((one, other) => other[1].length - one[1].length);
  if (axes.length > 1 && axes[0][1].length <= WIDEST) [axes[0], axes[1]] = [axes[1], axes[0]];
  const title = matrix.axes.map(([axis]) => human(axis)).join(' × ');
  if (axes.length < 2) return [el('section', { className: 'looks' }, el('h2', {}, title), el('div', { className: 'grid' }, mine.map(makeTile)))];
  const [rows, columns, ...rest] = axes;
  const groups = new Map();
  for (const key of mine) {
    const name = rest.map(([axis]) => human(model.looks[key].axes[axis])).join(', ');
    groups.set(name, [...(groups.get(name) ?? []), key]);
  }
  return [...groups].map(([name, keys]) => {
    const at = new Map(keys.map((key) => [`${model.looks[key].axes[rows[0]]}\n${model.looks[key].axes[columns[0]]}`, key]));
    const head = el('tr', {}, el('td'), columns[1].map((value) => el('th', { scope: 'col' }, human(value))));
    const lines = rows[1].map((row) => el('tr', {}, el('th', { scope: 'row' }, human(row)), columns[1].map((column) => {
      const key = at.get(`${row}\n${column}`);
      return el('td', {}, key ? makeTile(key) : el('div', { className: 'gap' }, 'left out'));
    })));
    return el('section', { className: 'looks' }, el('h2', {}, title, name ? el('small', {}, name) : ''),
      el('div', { className: 'scroll' }, el('table', { className: 'plane' }, el('thead', {}, head), el('tbody', {}, lines))));
  });
}

function paintNothing() {
  const any = [...tiles.values()].some((tile) => !tile.hidden);
  $('#looks > .none').hidden = any || isView(filter);
  for (const section of $$('section.looks')) section.hidden = !$$('.tile', section).some((tile) => !tile.hidden);
}

function paintFilters() {
  $('#filters').replaceChildren(...Object.entries(FILTERS).flatMap(([name, [words, fits]]) => {
    const count = model.order.filter((key) => fits(model.looks[key])).length;
    if (!count && name !== 'all' && name !== filter) return [];
    return [showButton(name, words, ' ', el('small', {}, String(count)))];
  }), ...Object.entries(VIEWS).flatMap(([name, [words, there]]) => (there() || name === filter ? [showButton(name, words)] : [])));
}

function showButton(name, ...words) {
  const className = name === 'bad' ? 'bad' : isView(name) ? 'view' : '';
  const button = el('button', { type: 'button', className, on: { click: () => show(name) } }, words);
  button.setAttribute('aria-pressed', String(name === filter));
  return button;
}

function show(name) {
  const anew = [name, filter].some((one) => byFace(one) || isView(one));
  filter = name;
  if (anew) paintLooks();
  else for (const [key, tile] of tiles) tile.hidden = !fits(model.looks[key]);
  paintFilters();
  paintNothing();
}

// --- moving ---------------------------------------------------------------------------------------

const inView = () => (byFace(filter) || isView(filter) ? [...tiles.keys()] : model.order).filter((key) => tiles.has(key) && !tiles.get(key).hidden);

function choose(key, { open = false, focus = false } = {}) {
  const before = chosen;
  chosen = key;
  take = null;
  if (before !== key) editor = null;
  if (before && tiles.has(before)) tiles.get(before).setAttribute('aria-current', 'false');
  const tile = tiles.get(key);
  tile?.setAttribute('aria-current', 'true');
  if (tile && focus) {
    tile.focus({ preventScroll: true });
    tile.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }
  paintPanel();
  if (open) $('#panel').classList.add('open');
}

// The nearest tile in a direction, as the eye goes.
function step(dx, dy) {
  if (!chosen || !tiles.has(chosen)) return choose(inView()[0], { focus: true });
  const from = tiles.get(chosen).getBoundingClientRect();
  let best = null;
  let least = Infinity;
  for (const key of inView()) {
    if (key === chosen) continue;
    const to = tiles.get(key).getBoundingClientRect();
    const along = dx ? (to.left - from.left) * dx : (to.top - from.top) * dy;
    const across = Math.abs(dx ? to.top - from.top : to.left - from.left);
    if (along < 4) continue;
    const far = along + across * (dx ? 20 : 3);
    if (far < least) [best, least] = [key, far];
  }
  if (best) return choose(best, { focus: true });
  if (dx) {
    const all = inView();
    const next = all[all.indexOf(chosen) + dx];
    if (next) choose(next, { focus: true });
  }
}

function nextUndecided() {
  const all = [...tiles.keys()];
  const at = all.indexOf(chosen);
  const next = [...all.slice(at + 1), ...all.slice(0, at + 1)].find((key) => !tiles.get(key).hidden && key !== chosen && undecided(model.looks[key]));
  if (next) choose(next, { focus: true });
  else toast('Everything that is shown is decided.');
}

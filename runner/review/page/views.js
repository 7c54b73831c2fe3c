// Two more ways to see the looks: which was made from which, and what was paid for them.

// A look, and beside it what was made from it; what has nothing made from it stands in rows.
function branch(key, children, depth) {
  const made = children.get(key) ?? [];
  const forks = made.filter((one) => children.has(one));
  const leaves = made.filter((one) => !children.has(one));
  return el('li', {}, makeTile(key), made.length > 0 && el('ul', { className: depth < 6 ? 'made' : 'made deep' },
    leaves.length > 0 && el('li', { className: 'leaves' }, el('ul', {}, leaves.map((one) => el('li', {}, makeTile(one))))),
    forks.map((one) => branch(one, children, depth + 1))));
}

function lineageSections() {
  const children = new Map();
  const roots = [];
  for (const key of model.order) {
    const { reference } = model.looks[key];
    if (reference && model.looks[reference]) children.set(reference, [...(children.get(reference) ?? []), key]);
    else roots.push(key);
  }
  const trees = roots.filter((key) => children.has(key));
  const alone = roots.filter((key) => !children.has(key));
  const sections = trees.map((key) => el('section', { className: 'looks' }, el('h2', {}, `From ${model.looks[key].title}`),
    el('div', { className: 'scroll' }, el('ul', { className: 'tree' }, branch(key, children, 0)))));
  if (alone.length) sections.push(el('section', { className: 'looks' }, el('h2', {}, 'Nothing is made from them'), el('div', { className: 'grid' }, alone.map(makeTile))));
  return sections;
}

function moneySections() {
  const box = el('section', { className: 'paid' }, el('h2', {}, 'Money'));
  attempt(() => ask('/api/charges', {})).then((told) => {
    if (!told) return;
    if (!told.count) return box.append(el('p', { className: 'none' }, 'Nothing was charged.'));
    const listed = told.rows.length < told.count ? `; the newest ${told.rows.length} are listed` : '';
    box.append(
      el('div', { className: 'by' }, told.sums.map(([heading, sums]) => el('table', { className: 'sums' }, el('caption', {}, human(heading)),
        el('thead', { className: 'hush' }, el('tr', {}, [heading, 'Charges', 'USD'].map((name) => el('th', { scope: 'col' }, name)))),
        el('tbody', {}, sums.map((one) => {
          const bar = el('i', { 'aria-hidden': 'true' });
          bar.style.width = `${100 * one.share}%`;
          return el('tr', {}, el('th', { scope: 'row' }, one.label, bar), el('td', {}, String(one.count)), el('td', {}, one.amount));
        }))))),
      el('p', { className: 'of' }, `${plural(told.count, 'charge')}, ${told.total}${model.simulated ? ', none of it real' : ''}${listed}. `, el('button', { type: 'button', className: 'link', on: { click: () => copy(told.command) } }, 'Copy the command that lists them')),
      el('div', { className: 'scroll' }, el('table', { className: 'sums charges' },
        el('thead', {}, el('tr', {}, ['Day', 'Take', 'Why', 'State', 'USD'].map((name) => el('th', { scope: 'col' }, name)))),
        el('tbody', {}, told.rows.map((row) => el('tr', {}, el('td', {}, row.day),
          el('td', {}, model.looks[row.look] ? el('button', { type: 'button', className: 'link', on: { click: () => choose(row.look, { open: true }) } }, row.take) : row.take),
          el('td', {}, row.reason), el('td', {}, row.billing), el('td', {}, row.usd)))))));
  });
  return [box];
}

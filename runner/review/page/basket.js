// What is to be bought: collected here, priced by the server, shown whole, asked once.

const ERRANDS = {
  make: (look) => [look.state === 'changed' ? 'Buy the edit' : 'Make it', look.price_usd * look.buys],
  more: (look) => ['Another take', look.price_usd],
  renew: (look) => ['Renew', look.price_usd],
  retry: (look) => ['Buy it again', look.price_usd],
};
const TOLD = { edit: 'changed prompt', more: 'more take', renew: 'renewal', retry: 'retry' };

// What may be bought of a look as it stands; the first is what is needed most.
function errands(look) {
  if (look.kind === 'existing' || going(look)) return [];
  const found = [];
  if (look.state === 'stale') found.push('renew');
  if (look.buys) found.push('make');
  else if (failed(look)) found.push('retry');
  else if (picture(look) && picked(look)?.current) found.push('more');
  return found;
}

const inBasket = (key) => model.basket.items.find((item) => item.look === key);

function errandButton(look, errand) {
  const [words, price] = ERRANDS[errand](look);
  const item = inBasket(look.key);
  const here = item?.errand === errand;
  const text = here ? (errand === 'more' ? `${plural(item.takes, 'more take')} in the basket` : 'In the basket') : `${words} · ${usd(price)}`;
  const button = el('button', { type: 'button', className: 'pill money', on: { click: () => toggleErrand(look.key, errand) } }, text);
  button.setAttribute('aria-pressed', String(here));
  return button;
}

function fill(items) {
  return attempt(async () => {
    model.basket = await ask('/api/basket', { items });
    paintBasket();
    paintPanel();
    return true;
  });
}

const plain = () => model.basket.items.map(({ look, errand, takes }) => ({ look, errand, takes }));

function toggleErrand(key, errand) {
  const items = plain().filter((item) => item.look !== key);
  if (inBasket(key)?.errand !== errand) items.push({ look: key, errand, takes: 1 });
  return fill(items);
}

function anotherTake() {
  const look = model.looks[chosen];
  const [errand] = look ? errands(look) : [];
  if (!errand) return toast('Nothing more can be bought of this look now.');
  const item = inBasket(look.key);
  const takes = item && errand === 'more' ? item.takes + 1 : 1;
  return fill([...plain().filter((other) => other.look !== look.key), { look: look.key, errand, takes }]);
}

function fillWith(keys, errand) {
  const there = new Set(keys);
  return fill([...plain().filter((item) => !there.has(item.look)), ...keys.map((look) => ({ look, errand, takes: 1 }))]);
}

function paintBasket() {
  const basket = model.basket;
  const foot = $('#basket');
  foot.hidden = !basket.items.length;
  document.documentElement.classList.toggle('filled', !foot.hidden);
  if (foot.hidden) return;
  const counts = {};
  for (const item of basket.items) {
    const errand = item.errand === 'make' && model.looks[item.look]?.state === 'changed' ? 'edit' : item.errand;
    counts[errand] = (counts[errand] ?? 0) + item.takes;
  }
  const told = Object.entries(counts).map(([errand, count]) => errand === 'make' ? `${plural(count, 'look')} to make` : plural(count, TOLD[errand]));
  const left = basket.left_usd;
  const ceiling = model.money.ceiling_usd;
  const after = model.money.charged_usd + model.money.held_usd + basket.cost_usd;
  const over = typeof left === 'number' && left < 0;
  const sum = over ? `${usd(-left)} over the budget` : ceiling !== null ? `then ${usd(after)} of ${usd(ceiling)}` : model.money.run_ceiling_usd !== null ? `of ${usd(model.money.run_ceiling_usd)} a run` : 'no ceiling in the manifest';
  const waits = basket.lines?.filter((line) => !line.takes).length ?? 0;
  foot.replaceChildren(
    el('div', {}, el('b', {}, 'Basket'), ' ', el('button', { type: 'button', className: 'empty', on: { click: () => fill([]) } }, 'empty it'), el('small', {}, told.join(' · ') + (waits ? ` · ${waits} cannot be bought now` : ''))),
    el('div', {}, el('b', {}, usd(basket.cost_usd)), el('small', { className: over ? 'over' : '' }, basket.problem ?? sum)),
    basket.command ? el('div', { className: 'said-command' }, el('small', {}, 'the same in a terminal ', el('button', { type: 'button', className: 'copy', on: { click: () => copy(model.basket.command) } }, 'copy')), el('code', {}, basket.command)) : '',
    el('button', { type: 'button', className: 'pill', disabled: !basket.count || over || model.run.going, on: { click: askToBuy } },
      model.run.going ? 'A run is at work' : `Review and buy for ${usd(basket.cost_usd)}…`));
}

// The plan of exactly that, shown whole; one button buys, and only here.
function askToBuy() {
  const basket = model.basket;
  const dialog = $('#buy');
  const real = !model.simulated;
  const rows = basket.lines.map((line) => el('tr', {}, el('td', {}, line.look), el('td', {}, line.takes > 1 ? `× ${line.takes}` : ''), el('td', {}, line.why), el('td', {}, line.takes ? usd(line.cost_usd) : '—')));
  const more = basket.at_most_usd > basket.cost_usd ? ` At most ${usd(basket.at_most_usd)}, if failures are bought again as the manifest allows.` : '';
  const go = el('button', { type: 'button', className: `pill go ${real ? 'real' : ''}`, on: { click: async () => {
    go.disabled = true;
    const done = await attempt(() => ask('/api/buy', { plan: basket.plan, cost_usd: basket.cost_usd }));
    dialog.close();
    if (done) toast(`The run has begun: ${usd(basket.cost_usd)} at ${model.account}.`);
  } } }, `Buy for ${usd(basket.cost_usd)}`);
  dialog.replaceChildren(
    el('h2', { id: 'buy-title' }, `${plural(basket.count, 'generation')} for ${usd(basket.cost_usd)}`),
    el('p', { className: 'of' }, `${model.campaign} · ${model.account}`),
    el('div', { className: 'scroll' }, el('table', { className: 'sums' }, el('thead', {}, el('tr', {}, ['Look', 'Takes', 'Why', 'Price'].map((name) => el('th', { scope: 'col' }, name)))), el('tbody', {}, rows, el('tr', { className: 'total' }, el('td', {}, 'Together'), el('td'), el('td'), el('td', {}, usd(basket.cost_usd)))))),
    el('p', { className: real ? 'real-note' : 'sim-note' }, real ? `This is real money: HeyGen charges ${usd(basket.cost_usd)}.${more} Nothing is bought twice, and a run can be paused.` : `A rehearsal on the simulator: nothing is charged.${more}`),
    el('div', { className: 'acts' }, el('button', { type: 'button', className: 'pill', on: { click: () => dialog.close() } }, 'Not now'), go));
  dialog.showModal();
}

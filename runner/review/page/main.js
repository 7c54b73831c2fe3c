// The head, the keys, and how it begins.

function paintHead() {
  const { money, run, plan } = model;
  document.title = `${model.campaign} · review`;
  $('#campaign').textContent = model.campaign;
  const target = $('#target');
  target.textContent = model.simulated ? 'REHEARSAL' : 'REAL MONEY';
  target.className = model.simulated ? 'target' : 'target real';
  target.title = model.account;
  paintMeter(money);
  const looks = model.order.map((key) => model.looks[key]);
  const counted = { approved: 0, rejected: 0, undecided: 0 };
  for (const look of looks) if (picture(look)) counted[picture(look).review.state] += 1;
  const figure = (name, ...words) => el('div', {}, el('dt', {}, name), el('dd', {}, words));
  const figures = [];
  if (money.wallet_usd !== null) figures.push(figure('Wallet after the run', el('b', {}, (money.currency ?? 'usd').toLowerCase() === 'usd' ? usd(money.wallet_usd) : `${money.wallet_usd} ${money.currency}`)));
  const moving = looks.filter((look) => ['processing', 'submitting'].includes(going(look)?.state)).length;
  if (run.going) {
    const left = run.left ? `, ${span(run.left)} left` : '';
    const title = `As Ctrl-C does once: nothing more is sent, and what was bought is kept.${run.mine ? '' : ' It was started in a terminal.'}`;
    const pause = el('button', { type: 'button', className: 'link', title, disabled: run.paused, on: { click: () => attempt(() => ask('/api/pause', {})) } }, run.paused ? 'pausing' : 'pause');
    figures.push(figure('Now', el('b', {}, `${moving} generating`), run.paused ? ', nothing more is sent ' : `${left} · `, pause));
  }
  figures.push(figure('Review', el('b', {}, String(counted.approved)), ' approved · ', el('b', {}, String(counted.rejected)), ' rejected · ', el('b', {}, String(counted.undecided)), ' to decide'));
  $('#figures').replaceChildren(...figures);
  paintNotice(looks, plan, run);
  paintFilters();
}

function paintMeter(money) {
  const held = money.held_usd + money.doubled_usd;
  const coming = model.basket.cost_usd;
  const whole = Math.max(money.ceiling_usd ?? 0, money.charged_usd + held + coming, 1);
  const part = (amount, name) => {
    const bit = el('i', { className: name });
    bit.style.width = `${(100 * amount) / whole}%`;
    return amount > 0 ? bit : '';
  };
  const words = [el('b', {}, usd(money.charged_usd)), ' charged'];
  if (held) words.push(` · ${usd(held)} held`);
  if (money.ceiling_usd !== null) words.push(` · ceiling ${usd(money.ceiling_usd)}`);
  if (money.run_ceiling_usd !== null) words.push(` · ${usd(money.run_ceiling_usd)} a run`);
  // Without a ceiling, and with nothing that may still be charged, a bar would say that all is used up.
  const bar = money.ceiling_usd !== null || held || coming ? el('div', { className: 'track', 'aria-hidden': 'true' }, part(money.charged_usd, ''), part(held, 'held'), part(coming, 'coming')) : '';
  $('#meter').replaceChildren(bar, el('div', {}, words));
}

// One line of what to do next: what is wrong, what waits, and what may be bought in one go.
function paintNotice(looks, plan, run) {
  const notice = $('#notice');
  const parts = [];
  let bad = false;
  const put = (words, errand, keys) => el('button', { type: 'button', className: 'link', on: { click: () => fillWith(keys, errand) } }, words);
  if (model.problem) { parts.push(model.problem); bad = true; }
  else if (!run.going && run.ended && run.ended.exit !== 0) { parts.push(`The last run ended with exit ${run.ended.exit}.`, el('span', {}, run.ended.words.slice(-4).join('\n'))); bad = ![4, 5, 6].includes(run.ended.exit); }
  if (!run.going) {
    const make = looks.filter((look) => look.buys && errands(look).includes('make') && !inBasket(look.key));
    const stale = looks.filter((look) => look.state === 'stale' && !inBasket(look.key));
    const sum = (all) => usd(all.reduce((whole, look) => whole + look.price_usd * Math.max(1, look.state === 'stale' ? 1 : look.buys), 0));
    const it = (some) => (some.length === 1 ? 'it' : 'them');
    if (make.length) parts.push(el('span', {}, `${plural(make.length, 'look')} to make. `, put(`Put ${it(make)} into the basket · ${sum(make)}`, 'make', make.map((look) => look.key))));
    if (stale.length) parts.push(el('span', {}, `${plural(stale.length, 'look')} out of date. `, put(`Renew ${it(stale)} · ${sum(stale)}`, 'renew', stale.map((look) => look.key))));
  }
  if (plan.waiting) {
    const names = plan.awaited.map((name) => el('button', { type: 'button', className: 'link', on: { click: () => choose(name.split('#')[0], { focus: true, open: true }) } }, name));
    parts.push(el('span', {}, `${plural(plan.waiting, 'generation')} (${usd(plan.waiting_usd)}) wait${plan.waiting === 1 ? 's' : ''} for an approval`, names.length ? ' of ' : '.', names.flatMap((name, index) => index ? [', ', name] : [name])));
  }
  notice.hidden = !parts.length;
  notice.className = bad ? 'notice bad' : 'notice';
  notice.replaceChildren(...parts);
}

function paintAll() {
  if (!model.looks[chosen]) chosen = null;
  paintLooks();
  paintHead();
  paintBasket();
  if (!chosen && matchMedia('(min-width: 60.01rem)').matches) {
    const [first] = tiles.keys();
    if (first) choose([...tiles.keys()].find((key) => undecided(model.looks[key])) ?? first);
  }
  paintPanel();
}

const KEYS = {
  a: (look, one) => {
    if (!one?.usable) return;
    decide(look, one, 'approved');
    nextUndecided();
  },
  r: (look, one) => { if (one?.usable) { askWhy.onward = true; askWhy(look, one); } },
  t: () => anotherTake(),
  p: (look, one) => { if (one?.usable && one.current && !one.picked) pick(look, one); },
  c: () => openCompare(),
  n: () => nextUndecided(),
  e: (look) => { if (look) openEditor(look.key); },
  u: () => undoLast(),
  ArrowLeft: () => step(-1, 0),
  ArrowRight: () => step(1, 0),
  ArrowUp: () => step(0, -1),
  ArrowDown: () => step(0, 1),
};

document.addEventListener('keydown', (event) => {
  if (!model || event.altKey || document.querySelector('dialog[open]')) return;
  if (event.key === 'Escape' && $('#panel').classList.contains('open')) return closePanel();
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
    if (event.key === 'Escape' && editor) closeEditor();
    else if (event.key === 'Escape') event.target.blur();
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key === 'z') { event.preventDefault(); undoLast(); return; }
  if (event.ctrlKey || event.metaKey) return;
  const look = model.looks[chosen];
  if (/^[1-9]$/.test(event.key)) { lookAt(Number(event.key)); return; }
  const work = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!work) return;
  event.preventDefault();
  askWhy.onward = false;
  work(look, look && seen(look));
});

$('#for-client').addEventListener('click', openClient);
$('#theme').addEventListener('click', () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === 'dark';
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
});
$('#by').value = localStorage.getItem('lookbook-by') ?? '';
$('#by').addEventListener('change', () => localStorage.setItem('lookbook-by', $('#by').value.trim()));

(async () => {
  try {
    await enter();
    model = await ask('/api/state');
  } catch (error) {
    const away = $('#away');
    away.replaceChildren(el('p', {}, error.away || error instanceof Declined ? error.message : 'The server does not answer.'), el('p', {}, el('code', {}, 'lookbook review MANIFEST')));
    away.hidden = false;
    return;
  }
  $('#page').hidden = false;
  paintAll();
  listen();
})();

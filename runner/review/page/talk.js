// What is asked of the server, and what it tells. The model is what it told last.

let model = null;
let chosen = null; // the key of the look that the panel shows
let take = null; // the number of its take that is looked at; null: the picked one
const undos = [];

class Declined extends Error {}

async function ask(path, body) {
  const options = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...options });
  const told = await answer.json();
  if (answer.status === 401) throw Object.assign(new Declined(told.error.message), { away: true });
  if (!answer.ok) throw new Declined([told.error.message, told.error.hint].filter(Boolean).join(' '));
  return told;
}

// Do something, and say why where it cannot be done.
async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    toast(error instanceof Declined ? error.message : 'The server does not answer. What was decided before is kept.', { bad: true, seconds: 12 });
    return null;
  }
}

async function enter() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!token) return;
  history.replaceState(null, '', location.pathname);
  await ask('/session', { token });
}

function listen() {
  const news = new EventSource('/api/events');
  news.onmessage = async (event) => {
    const told = JSON.parse(event.data);
    if (told.version === model.version) return;
    if (told.version === model.version + 1 && Object.keys(told).length > 1) hear(told);
    else if (told.version !== undefined) await reload(); // something was missed
  };
  news.onopen = () => { $('#away').hidden = true; };
  news.onerror = () => {
    const away = $('#away');
    away.className = 'away slim';
    away.textContent = 'The server has ended, or is out of reach. What was decided is kept; `lookbook review` opens the page again.';
    away.hidden = false;
  };
}

async function reload() {
  await attempt(async () => {
    model = await ask('/api/state');
    paintAll();
  });
}

function hear(told) {
  const { looks, ...rest } = told;
  const orderBefore = model.order.join();
  const shape = JSON.stringify(model.matrices);
  Object.assign(model, rest);
  for (const [key, look] of Object.entries(looks ?? {})) {
    const before = model.looks[key];
    model.looks[key] = look;
    look.fresh = before && !picture(before) && Boolean(picture(look));
  }
  if (model.order.join() !== orderBefore || JSON.stringify(model.matrices) !== shape) paintLooks();
  else if (filter === 'money' && rest.money) paintLooks();
  else for (const key of Object.keys(looks ?? {})) paintTile(key);
  paintHead();
  paintBasket();
  if (looks === undefined || chosen in looks || rest.run || rest.basket) paintPanel();
}

// --- what a look is, read from the model ----------------------------------------------------------

const picked = (look) => look.takes.find((one) => one.picked) ?? null;
const shownTake = (look) => picked(look) ?? look.takes[look.takes.length - 1] ?? null;
const seen = (look) => look.takes.find((one) => one.take === take) ?? shownTake(look);
const picture = (look) => (look.takes.find((one) => one.picked && one.picture) ? picked(look) : null);
const label = (look, one) => `${look.key}#${one.take}`;
const going = (look) => look.takes.find((one) => ['submitting', 'processing', 'pending_consent', 'unknown'].includes(one.state));
const undecided = (look) => { const one = picture(look); return Boolean(one) && one.review.state === 'undecided'; };
const failed = (look) => look.state === 'failed' || (look.takes.length > 0 && !picture(look) && look.takes[look.takes.length - 1].state === 'failed');

function address(kind, look, one) {
  return `/${kind}/${encodeURIComponent(look.key)}/${one.take}?v=${one.picture}`;
}

// --- deciding -------------------------------------------------------------------------------------

const HELD = ' A run holds the ledger; it takes this in within a second.';

// What is decided goes to the server one after another, as it was decided.
let turn = Promise.resolve();

function inTurn(path, body) {
  const next = turn.then(() => ask(path, body));
  turn = next.catch(() => {});
  return next;
}

function showReview(key, number, review) {
  const one = model.looks[key]?.takes.find((other) => other.take === number);
  if (!one) return;
  one.review = review;
  paintTile(key);
  paintHead();
  if (chosen === key) paintPanel();
}

// It shows at once, and is taken back where the server declines it: whoever decides goes on meanwhile.
async function decide(look, one, state, reason = null) {
  const before = one.review;
  const name = label(look, one);
  const by = $('#by').value.trim() || null;
  showReview(look.key, one.take, { state, reason, by, at: new Date().toISOString() });
  const undo = () => inTurn('/api/review', { takes: [name], state: before.state, reason: before.reason ?? null, by: before.by ?? null });
  undos.push(undo);
  const done = await attempt(() => inTurn('/api/review', { takes: [name], state, reason, by }));
  if (!done) {
    if (undos.includes(undo)) undos.splice(undos.indexOf(undo), 1);
    showReview(look.key, one.take, before);
    return;
  }
  const word = { approved: 'approved', rejected: 'rejected', undecided: 'to be decided again' }[state];
  toast(`${look.title}, take ${one.take}: ${word}.` + (done.waits ? HELD : ''), { undo: true });
}

async function pick(look, one) {
  const done = await attempt(() => inTurn('/api/pick', { take: label(look, one) }));
  if (!done) return;
  if (done.before && done.before !== label(look, one)) undos.push(() => ask('/api/pick', { take: done.before }));
  toast(`${look.title}: take ${one.take} is picked.` + (done.waits ? HELD : ''), { undo: Boolean(done.before) });
}

async function undoLast() {
  const back = undos.pop();
  if (!back) return toast('There is nothing to undo.');
  if ((await attempt(back)) !== null) toast('Undone.');
}

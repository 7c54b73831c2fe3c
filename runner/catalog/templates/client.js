'use strict';
// The client's answers: kept by this browser as they are given, and sent back as a small file.
// Nothing here makes markup from data: texts are set as texts.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const binding = JSON.parse($('#binding').textContent);
const shelf = 'lookbook.answers.' + binding.campaign;
const pictures = $$('.card').map((card, index) => ({
  card, index, ref: card.dataset.ref, sha256: card.dataset.sha256, title: $('.title', card).textContent,
}));
const byRef = new Map(pictures.map((picture) => [picture.ref, picture]));
const closer = $('#closer');
const send = $('#send');
let answers = new Map();
let by = '';
let showing = 'all';
let opened = null;

// --- keeping ---------------------------------------------------------------------------------------

// What is kept may be of an older copy of this campaign: what is not on this page stays kept.
function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(shelf) ?? '{}');
    answers = new Map(Object.entries(kept.answers ?? {}));
    by = kept.by ?? '';
  } catch { $('#unkept').hidden = false; }
}

function keep() {
  try {
    localStorage.setItem(shelf, JSON.stringify({ by, answers: Object.fromEntries(answers) }));
    $('#unkept').hidden = true;
  } catch { $('#unkept').hidden = false; }
}

const answerOf = (picture) => answers.get(picture.ref) ?? { state: 'undecided', remark: '' };

// Another tab may have answered since: what it kept is read first, then this one answer is changed.
function change(picture, changes) {
  read();
  const answer = { ...answerOf(picture), ...changes, at: new Date().toISOString() };
  answers.set(picture.ref, answer);
  keep();
  paint();
}

function decide(picture, state) {
  const taken = answerOf(picture).state === state;
  change(picture, { state: taken ? 'undecided' : state });
  const said = { approved: 'Approved', rejected: 'Rejected', undecided: 'Not decided' };
  $('#status').textContent = `${said[answerOf(picture).state]}: ${picture.title}`;
}

// --- showing ---------------------------------------------------------------------------------------

function paintAnswer(root, { state, remark }) {
  for (const button of $$('[data-state]', root)) {
    button.setAttribute('aria-pressed', String(button.dataset.state === state));
  }
  const field = $('textarea', root);
  if (document.activeElement !== field) field.value = remark ?? '';
  field.placeholder = state === 'rejected' ? 'What should change?' : 'Remark';
}

function paint() {
  const counts = { all: pictures.length, undecided: 0, approved: 0, rejected: 0 };
  let visible = 0;
  for (const picture of pictures) {
    const answer = answerOf(picture);
    counts[answer.state] += 1;
    picture.card.dataset.answer = answer.state;
    picture.card.hidden = showing !== 'all' && answer.state !== showing;
    visible += !picture.card.hidden;
    paintAnswer(picture.card, answer);
  }
  for (const button of $$('#bar [data-show]')) {
    $('small', button).textContent = counts[button.dataset.show];
    button.setAttribute('aria-pressed', String(button.dataset.show === showing));
  }
  $('#nothing').hidden = visible > 0;
  if (opened) {
    closer.dataset.answer = answerOf(opened).state;
    paintAnswer(closer, answerOf(opened));
  }
}

function show(what) {
  showing = what;
  paint();
}

function open(picture) {
  opened = picture;
  const image = $('.stage img', closer);
  image.src = $('#full-' + picture.index).textContent;
  image.alt = picture.title;
  $('#closer-title').textContent = picture.title;
  $('#closer-sub').textContent = $('.sub', picture.card)?.textContent ?? '';
  $('#closer-place').textContent = `${picture.index + 1} of ${pictures.length}`;
  $('#closer-details').replaceChildren(...$$('dl > div', picture.card).map((one) => one.cloneNode(true)));
  document.activeElement.blur();
  if (!closer.open) closer.showModal();
  paint();
  $('#closer-title').focus({ preventScroll: true });
}

function step(by_) {
  const shown = pictures.filter(({ card }) => !card.hidden);
  const list = shown.includes(opened) ? shown : pictures;
  open(list[(list.indexOf(opened) + by_ + list.length) % list.length]);
}

function nextUndecided() {
  const start = (opened ?? focused())?.index ?? -1;
  const order = [...pictures.slice(start + 1), ...pictures.slice(0, start + 1)];
  const next = order.find((picture) => answerOf(picture).state === 'undecided');
  if (!next) { $('#status').textContent = 'Everything is decided'; return; }
  if (opened) { open(next); return; }
  if (next.card.hidden) show('all');
  $('.frame', next.card).focus();
}

const focused = () => byRef.get(document.activeElement.closest?.('.card')?.dataset.ref);

// --- sending ---------------------------------------------------------------------------------------

function compose() {
  const given = pictures
    .map((picture) => [picture, answerOf(picture)])
    .filter(([, { state, remark }]) => state !== 'undecided' || remark?.trim())
    .map(([{ ref, sha256, title }, { state, remark, at }]) => ({
      ref, ...(sha256 && { sha256 }), title, state, ...(remark?.trim() && { remark: remark.trim() }), at,
    }));
  return { ...binding, ...(by.trim() && { by: by.trim() }), answers: given };
}

function paintSend() {
  const composed = compose();
  const count = (state) => composed.answers.filter((answer) => answer.state === state).length;
  const open_ = pictures.length - count('approved') - count('rejected');
  $('#send-sum').textContent = `${count('approved')} approved, ${count('rejected')} rejected, ${open_} not decided.`;
  const silent = composed.answers.filter(({ state, remark }) => state === 'rejected' && !remark);
  $('#send-silent').hidden = !silent.length;
  $('#send-silent').textContent = 'Rejected without a remark, so nobody knows what should change: '
    + silent.map(({ title }) => title).join(', ') + '.';
  const text = JSON.stringify(composed, null, 1) + '\n';
  $('#text').value = text;
  const name = [binding.campaign, composed.by ?? ''].join(' ').trim();
  const save = $('#save');
  if (save.href.startsWith('blob:')) URL.revokeObjectURL(save.href);
  save.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  save.download = 'answers ' + name.replace(/[^\p{L}\p{N}._-]+/gu, ' ').trim() + '.json';
}

async function copyText(button) {
  const field = $('#text');
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // A page from disk may not use the clipboard directly; a selection always can be copied.
    $('details', send).open = true;
    field.select();
    document.execCommand('copy');
    button.focus();
  }
  button.textContent = 'Copied';
  setTimeout(() => { button.textContent = 'Copy as text'; }, 1500);
}

// --- events ----------------------------------------------------------------------------------------

function pictureOf(element) {
  return element.closest('#closer') ? opened : byRef.get(element.closest('.card')?.dataset.ref);
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  const { dataset, id } = button;
  if ('open' in dataset) open(pictureOf(button));
  else if (dataset.state) decide(pictureOf(button), dataset.state);
  else if (dataset.show) show(dataset.show);
  else if (dataset.step) step(Number(dataset.step));
  else if ('close' in dataset) button.closest('dialog').close();
  else if (id === 'finish') { paintSend(); send.showModal(); $('#send-title').focus(); }
  else if (id === 'copy') copyText(button);
  else if (id === 'theme') theme();
});

document.addEventListener('input', (event) => {
  if (event.target === $('#by')) {
    read();
    by = event.target.value;
    keep();
    paintSend();
  } else if (event.target.matches('.answer textarea')) {
    change(pictureOf(event.target), { remark: event.target.value });
  }
});

closer.addEventListener('close', () => {
  const last = opened;
  opened = null;
  $('.stage img', closer).removeAttribute('src');
  paint();
  if (last && !last.card.hidden) $('.frame', last.card).focus();
});

function moveFocus(key) {
  const frames = pictures.filter(({ card }) => !card.hidden).map(({ card }) => $('.frame', card));
  const now = frames.findIndex((frame) => frame.closest('.card').contains(document.activeElement));
  if (now < 0) return key === 'ArrowRight' || key === 'ArrowDown' ? frames[0] : null;
  if (key === 'ArrowLeft') return frames[now - 1];
  if (key === 'ArrowRight') return frames[now + 1];
  const down = key === 'ArrowDown';
  const from = frames[now].getBoundingClientRect();
  const beyond = frames.map((frame) => ({ frame, box: frame.getBoundingClientRect() }))
    .filter(({ box }) => (down ? box.top > from.bottom : box.bottom < from.top))
    .sort((a, b) => (down ? a.box.top - b.box.top : b.box.top - a.box.top)
      || Math.abs(a.box.left - from.left) - Math.abs(b.box.left - from.left));
  return beyond[0]?.frame;
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || send.open) return;
  if (event.target.matches('input, textarea')) return;
  const key = event.key.toLowerCase();
  const picture = opened ?? focused();
  if (key === 'n') nextUndecided();
  else if (key === 'a' && picture) decide(picture, 'approved');
  else if (key === 'r' && picture) decide(picture, 'rejected');
  else if (event.key.startsWith('Arrow')) {
    if (opened) {
      if (!['ArrowLeft', 'ArrowRight'].includes(event.key)) return;
      step(event.key === 'ArrowRight' ? 1 : -1);
    } else {
      const frame = moveFocus(event.key);
      if (!frame) return;
      frame.focus();
    }
  } else return;
  event.preventDefault();
});

function theme() {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const now = document.documentElement.dataset.theme ?? (dark ? 'dark' : 'light');
  document.documentElement.dataset.theme = now === 'dark' ? 'light' : 'dark';
}

addEventListener('storage', (event) => { if (event.key === shelf) { read(); paint(); } });

document.documentElement.classList.remove('no-js');
read();
$('#by').value = by;
paint();

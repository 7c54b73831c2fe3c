// One look, large: its templates are cloned into the dialog; Back and Escape close it.

const dialog = $('#detail');
let opened = null;
let opener = null;

function openLook(index) {
  if (opened === index) return;
  const mode = $('.stage', dialog)?.dataset.mode ?? 'one';
  opened = index;
  dialog.replaceChildren($('#look-' + index).content.cloneNode(true));
  for (const image of $$('img[data-embedded]', dialog)) image.src = embedded(image);
  lend(dialog);
  if (mode !== 'one') compare(mode);
  paintChosen(dialog);
  const place = shown.indexOf(index);
  $('.place', dialog).textContent = place < 0 ? '' : `${place + 1} / ${shown.length}`;
  if (!dialog.open) {
    opener = document.activeElement;
    dialog.showModal();
  }
  $('h2', dialog).focus({ preventScroll: true });
  dialog.scrollTop = 0;
}

function closeLook() {
  opened = null;
  if (dialog.open) dialog.close();
}

function embedded(element) {
  return document.getElementById(element.dataset.embedded).textContent;
}

// Where a picture is that an option or a button stands for: beside the page, or inside it.
function source(element) {
  return element.dataset.embedded ? embedded(element) : element.dataset.src;
}

function step(by) {
  if (!shown.length) return;
  const place = shown.indexOf(opened);
  const next = place < 0 ? 0 : (place + by + shown.length) % shown.length;
  replaceAddress(address({ look: looks[shown[next]].key }));
}

function compare(mode) {
  const stage = $('.stage', dialog);
  if (!$('.modes', stage)) return;
  stage.dataset.mode = mode;
  for (const button of $$('.modes button', stage)) {
    button.setAttribute('aria-pressed', String(button.dataset.mode === mode));
  }
}

function nextMode() {
  const order = ['one', 'side', 'wipe'];
  const now = $('.stage', dialog).dataset.mode;
  compare(order[(order.indexOf(now) + 1) % order.length]);
}

function showTake(button) {
  for (const other of $$('.strip button', dialog)) {
    other.setAttribute('aria-pressed', String(other === button));
  }
  for (const facts of $$('.take', dialog)) facts.hidden = facts.dataset.facts !== button.dataset.take;
  const image = $('.stage .this img', dialog);
  const address = source(button);
  if (image && address) image.src = address;
}

dialog.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.step) step(Number(button.dataset.step));
  else if ('close' in button.dataset) dialog.close();
  else if (button.dataset.mode) compare(button.dataset.mode);
  else if (button.dataset.take) showTake(button);
  else if ('copy' in button.dataset) toClipboard(button.dataset.copy, button);
});

// In the slider's view the picture itself can be drawn aside, with a mouse or a finger.
function cut(share) {
  const stage = $('.stage', dialog);
  stage.style.setProperty('--cut', share);
  $('input[type=range]', stage).value = share * 100;
}

function cutAt(event) {
  const figure = event.buttons === 1 && event.target.closest('.stage[data-mode=wipe] figure');
  if (!figure) return;
  event.preventDefault();
  const { left, width } = figure.getBoundingClientRect();
  cut(Math.min(1, Math.max(0, (event.clientX - left) / width)));
}
dialog.addEventListener('pointerdown', cutAt);
dialog.addEventListener('pointermove', cutAt);
dialog.addEventListener('dragstart', (event) => event.preventDefault());

dialog.addEventListener('input', (event) => {
  if (event.target.type === 'range') cut(event.target.value / 100);
  else if (event.target.matches('select')) {
    const [option] = event.target.selectedOptions;
    const other = $('.stage .other', dialog);
    $('img', other).src = source(option);
    $('img', other).alt = $('figcaption', other).textContent = option.textContent;
  }
});
dialog.addEventListener('close', () => {
  const last = opened;
  opened = null;
  dialog.replaceChildren();
  if (new URLSearchParams(location.hash.slice(1)).has('look')) {
    history.replaceState(null, '', address({ look: null }));
  }
  const view = $('.view:not([hidden])');
  (last === null ? opener : $(`[data-open="${last}"]`, view) ?? opener)?.focus();
});

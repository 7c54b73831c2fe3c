// Events, keys and the first drawing.

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-open], a[data-view]');
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    go(address('view' in link.dataset
      ? { view: link.dataset.view, look: null }
      : { look: looks[Number(link.dataset.open)].key }));
  }
  for (const menu of $$('.menu[open]', bar)) if (!menu.contains(event.target)) menu.open = false;
  if (event.target.closest('[data-clear]')) clearFilters();
  const button = event.target.closest('[data-choose]');
  if (button) choose(Number(button.dataset.choose));
});
bar.addEventListener('input', () => replaceAddress(address()));
bar.addEventListener('submit', (event) => event.preventDefault());
bar.addEventListener('reset', (event) => { event.preventDefault(); clearFilters(); });
$('#theme').addEventListener('click', theme);

function move(key) {
  const view = $('.view:not([hidden])');
  const frames = $$('a[data-open]', view)
    .filter((frame) => frame.offsetParent && !frame.closest('[inert]'));
  const now = frames.indexOf(document.activeElement);
  if (now < 0 || !frames.length) return false;
  if (key === 'Home') return frames[0];
  if (key === 'End') return frames.at(-1);
  if (key === 'ArrowLeft') return frames[now - 1];
  if (key === 'ArrowRight') return frames[now + 1];
  const from = frames[now].getBoundingClientRect();
  const down = key === 'ArrowDown';
  let best = null;
  for (const frame of frames) {
    const box = frame.getBoundingClientRect();
    const rise = down ? box.top - from.bottom : from.top - box.bottom;
    if (rise < 0) continue;
    const far = rise + Math.abs(box.left - from.left) * 2;
    if (!best || far < best.far) best = { far, frame };
  }
  return best?.frame;
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches('input:not([type=checkbox]), textarea, select');
  if (event.key === 'Escape' && !dialog.open) {
    const menu = $('.menu[open]', bar);
    if (menu) { menu.open = false; $('summary', menu).focus(); }
    return;
  }
  if (typing) return;
  const key = event.key.toLowerCase();
  if (dialog.open) {
    if (event.key === 'ArrowLeft') step(-1);
    else if (event.key === 'ArrowRight') step(1);
    else if (key === 'c') nextMode();
    else if (key === 'x') choose(opened);
    else return;
  } else if (event.key === '/') {
    $('input[type=search]', bar).focus();
  } else if (key === 'x' && event.target.dataset.open) {
    choose(Number(event.target.dataset.open));
  } else {
    const keys = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'];
    const target = keys.includes(event.key) && move(event.key);
    if (!target) return;
    target.focus();
  }
  event.preventDefault();
});
// Pictures below the fold would print as empty frames.
addEventListener('beforeprint', () => {
  for (const image of $$('.view:not([hidden]) img[loading=lazy]')) image.loading = 'eager';
});
addEventListener('hashchange', follow);

const kept = recall('lookbook.theme');
if (kept === 'dark' || kept === 'light') document.documentElement.dataset.theme = kept;
document.documentElement.classList.remove('no-js');
paintChosen(document);
follow();

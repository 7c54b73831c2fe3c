// The look that is chosen: its takes, what is decided about them, and what follows from it.

function paintPanel() {
  const panel = $('#panel');
  const look = model.looks[chosen];
  if (!look) {
    panel.replaceChildren(el('p', { className: 'of' }, 'Choose a look, or press an arrow key.'));
    return;
  }
  const writing = panel.contains(document.activeElement) && /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName) && panel.dataset.look === chosen;
  if (writing) return; // what is being typed stays
  const scrolled = panel.dataset.look === chosen ? panel.scrollTop : 0;
  panel.dataset.look = chosen;
  const one = seen(look);
  panel.replaceChildren(...[
    el('button', { type: 'button', className: 'link shut', on: { click: closePanel } }, 'Close'),
    el('p', { className: 'of' }, origin(look, one)),
    el('h2', {}, look.title),
    large(look, one),
    strip(look, one),
    acts(look, one),
    el('div', { id: 'why' }),
    el('div', { id: 'follow', 'aria-live': 'polite' }),
    said(one),
    likeness(look, one),
    trouble(look, one),
    prompts(look, one),
    hanging(look),
    money(look),
  ].filter(Boolean));
  panel.scrollTop = scrolled;
  if (one && one.usable && one.current && !one.picked) foretell(look, one);
}

function closePanel() {
  $('#panel').classList.remove('open');
  tiles.get(chosen)?.focus({ preventScroll: true });
}

function origin(look, one) {
  const parts = [look.key];
  if (look.reference) parts.push(`made from ${model.looks[look.reference]?.title ?? look.reference}`);
  if (one?.done) parts.push(day(one.done));
  if (look.spent_usd) parts.push(usd(look.spent_usd));
  return parts.join(' · ');
}

function large(look, one) {
  if (!one?.picture) {
    const [title, text] = nothingYet(look);
    return el('div', { className: 'big' }, el('div', { className: 'void' }, el('b', {}, title), el('span', {}, text)));
  }
  const image = el('img', { src: address('pictures', look, one), alt: `${look.title}, take ${one.take}`, className: look.fresh ? 'fresh' : '' });
  const many = rivals(look, one).length > 0;
  return el('div', { className: 'big' }, image, many && el('button', { type: 'button', className: 'pill see', on: { click: openCompare } }, 'Compare'));
}

function strip(look, one) {
  if (look.takes.length < 2) return null;
  return el('div', { className: 'strip', role: 'group', 'aria-label': 'Takes' }, look.takes.map((other) => {
    const button = el('button', { type: 'button', on: { click: () => lookAt(other.take) } },
      other.picture ? el('img', { src: address('thumbs', look, other), alt: '' }) : el('span', { className: 'none-yet' }),
      el('span', { className: other.picked ? 'picked' : '' }, `${other.take}${other.picked ? ' · picked' : other.picture ? '' : ' · ' + other.label.toLowerCase()}`));
    button.setAttribute('aria-pressed', String(other === one));
    return button;
  }));
}

function lookAt(number) {
  const look = model.looks[chosen];
  if (!look?.takes.some((one) => one.take === number)) return;
  take = number;
  paintPanel();
}

function acts(look, one) {
  const buttons = [];
  const button = (words, className, work) => el('button', { type: 'button', className: `pill ${className}`, on: { click: work } }, words);
  if (one?.usable) {
    if (one.review.state !== 'approved') buttons.push(button('Approve', 'yes', () => decide(look, one, 'approved')));
    if (one.review.state !== 'rejected') buttons.push(button('Reject…', 'no', () => askWhy(look, one)));
    if (one.review.state !== 'undecided') buttons.push(button('Take it back', '', () => decide(look, one, 'undecided')));
    if (!one.picked && one.current) buttons.push(button(`Pick take ${one.take}`, '', () => pick(look, one)));
  }
  const moving = going(look);
  if (moving?.consent_url && /^https?:/.test(moving.consent_url)) {
    buttons.push(el('a', { className: 'pill', href: moving.consent_url, target: '_blank', rel: 'noopener noreferrer' }, 'Give consent'));
  }
  for (const errand of errands(look)) buttons.push(errandButton(look, errand));
  return buttons.length ? el('div', { className: 'acts' }, buttons) : null;
}

function said(one) {
  if (!one || one.review.state === 'undecided') return null;
  const { state, reason, by, at } = one.review;
  return el('div', { className: `said ${state}` }, `${state === 'approved' ? 'Approved' : 'Rejected'}${reason ? ': ' : ''}`, reason && el('q', {}, reason),
    el('small', {}, [by, at && day(at)].filter(Boolean).join(', ')));
}

function askWhy(look, one) {
  const known = [...new Set(model.order.flatMap((key) => model.looks[key].takes.map((other) => other.review.state === 'rejected' ? other.review.reason : null)).filter(Boolean))];
  const input = el('input', { id: 'reason', maxLength: 1000, autocomplete: 'off', placeholder: 'hands look odd' });
  input.setAttribute('list', 'reasons');
  const send = async (event) => {
    event.preventDefault();
    const reason = input.value.trim();
    if (!reason) return input.focus();
    input.blur();
    const onward = askWhy.onward;
    $('#why')?.replaceChildren();
    decide(look, one, 'rejected', reason);
    if (onward) nextUndecided();
  };
  const form = el('form', { className: 'why', on: { submit: send } },
    el('label', { htmlFor: 'reason' }, 'What is wrong with it? Whoever makes another take reads it.'), input,
    el('datalist', { id: 'reasons' }, known.map((reason) => el('option', { value: reason }))),
    el('div', { className: 'acts' }, el('button', { className: 'pill no' }, 'Reject'), el('button', { type: 'button', className: 'pill', on: { click: () => { $('#why').replaceChildren(); tiles.get(chosen)?.focus({ preventScroll: true }); } } }, 'Cancel')));
  $('#why').replaceChildren(form);
  $('#panel').classList.add('open');
  input.focus();
}

// Before it is picked: what becomes out of date by it, and what renewing that costs.
async function foretell(look, one) {
  const name = label(look, one);
  let told;
  try {
    told = await ask('/api/consequences', { take: name });
  } catch {
    return;
  }
  const box = $('#follow');
  if (!box || chosen !== look.key || seen(model.looks[chosen])?.take !== one.take) return;
  const parts = [];
  if (told.stale.length) parts.push(`Picking take ${one.take} makes ${told.stale.join(', ')} out of date. Renewing costs ${usd(told.cost_usd)}, and is asked separately.`);
  if (told.current.length) parts.push(`${told.current.join(', ')} would be up to date again.`);
  if (told.waits) parts.push(`${plural(told.waits, 'generation')} would wait for its approval.`);
  box.replaceChildren(el('p', { className: told.stale.length || told.waits ? 'follow' : 'follow free' }, parts.join(' ') || `Picking take ${one.take} makes nothing out of date. It costs nothing.`));
}

function trouble(look, one) {
  const error = one?.error;
  if (error) return el('section', {}, el('h3', {}, 'What went wrong'), el('p', { className: 'fault' }, el('b', {}, error.meaning), ' ', error.cure, ' ', `It was ${one.billing}.`));
  if (look.state === 'blocked' || look.state === 'stale' || look.state === 'changed' || look.waits) return el('section', {}, el('h3', {}, 'Why'), el('p', { className: 'fault' }, look.why));
  return null;
}

// Words that are gone and words that are new, between what a take was made from and what is written now.
function difference(before, after) {
  const cut = (text) => text.match(/\s+|[^\s]+/g) ?? [];
  const [a, b] = [cut(before), cut(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const gone = a.slice(start, a.length - end).join('');
  const come = b.slice(start, b.length - end).join('');
  return [a.slice(0, start).join(''), gone.trim() && el('del', {}, gone), ' ', come.trim() && el('ins', {}, come), a.slice(a.length - end).join('')].filter(Boolean);
}

function prompts(look, one) {
  if (!look.prompt) return null;
  if (editor?.key === look.key) return el('section', {}, el('h3', {}, 'Prompt'), editor.element);
  const older = one?.prompt && one.prompt !== look.prompt && !one.current;
  return el('section', {}, el('h3', {}, 'Prompt', editButton(look)), el('p', { className: 'prompt' }, older ? difference(one.prompt, look.prompt) : look.prompt),
    older && el('p', { className: 'of' }, `Edited since take ${one.take}; that take stays.`));
}

function hanging(look) {
  if (!look.needed_by.length) return null;
  const links = look.needed_by.slice(0, 30).map((key) => el('button', { type: 'button', on: { click: () => choose(key, { focus: true }) } }, key));
  return el('section', {}, el('h3', {}, 'What hangs on it'), el('p', { className: 'hang row' }, links, look.needed_by.length > 30 ? ` and ${look.needed_by.length - 30} more` : ''));
}

function money(look) {
  const rows = look.takes.filter((one) => one.sent);
  if (!rows.length) return null;
  return el('section', {}, el('h3', {}, 'Money'), el('table', { className: 'sums' },
    el('thead', { className: 'hush' }, el('tr', {}, ['Take', 'Sent', 'Money', 'Price'].map((name) => el('th', { scope: 'col' }, name)))),
    el('tbody', {}, rows.map((one) => el('tr', {}, el('td', {}, `#${one.take}`), el('td', {}, day(one.sent)), el('td', {}, one.billing), el('td', {}, one.counts ? usd(one.price_usd) : '—'))))));
}

// --- side by side, and through a slider -----------------------------------------------------------

function rivals(look, one) {
  const others = look.takes.filter((other) => other !== one && other.picture).map((other) => ({ words: `take ${other.take}${other.picked ? ', picked' : ''}`, source: address('pictures', look, other) }));
  const mother = model.looks[look.reference];
  const from = mother && picture(mother);
  if (from) others.push({ words: `what it was made from: ${mother.title}`, source: address('pictures', mother, from) });
  return others;
}

function openCompare() {
  const look = model.looks[chosen];
  const one = look && seen(look);
  if (!one?.picture) return;
  const others = rivals(look, one);
  if (!others.length) return toast('There is nothing to compare it with yet.');
  const other = el('img', { src: others[0].source, alt: others[0].words });
  const caption = el('figcaption', {}, others[0].words);
  const faces = el('div', { className: 'faces' }, el('figure', {}, other, caption),
    el('figure', {}, el('img', { src: address('pictures', look, one), alt: `${look.title}, take ${one.take}` }), el('figcaption', {}, `take ${one.take}${one.picked ? ', picked' : ''}`)));
  const slider = el('input', { type: 'range', min: 0, max: 100, value: 50, hidden: true, 'aria-label': 'Where the picture is cut', on: { input: () => faces.style.setProperty('--cut', slider.value / 100) } });
  const mode = el('button', { type: 'button', className: 'pill', on: { click: () => {
    slider.hidden = !faces.classList.toggle('wipe');
    mode.textContent = slider.hidden ? 'Slider' : 'Side by side';
  } } }, 'Slider');
  const draw = (event) => {
    if (!faces.classList.contains('wipe') || event.buttons !== 1) return;
    event.preventDefault();
    const { left, width } = faces.getBoundingClientRect();
    slider.value = (100 * (event.clientX - left)) / width;
    faces.style.setProperty('--cut', slider.value / 100);
  };
  for (const kind of ['pointerdown', 'pointermove']) faces.addEventListener(kind, draw);
  faces.addEventListener('dragstart', (event) => event.preventDefault());
  const choice = el('select', { 'aria-label': 'Compare with', on: { change: () => {
    const now = others[choice.selectedIndex];
    other.src = now.source;
    other.alt = caption.textContent = now.words;
  } } }, others.map((now) => el('option', {}, now.words)));
  const dialog = $('#compare');
  dialog.replaceChildren(
    el('div', { className: 'top' }, el('h2', {}, look.title), choice, mode, el('button', { type: 'button', className: 'pill', on: { click: () => dialog.close() } }, 'Close')),
    faces, el('div', { className: 'low' }, slider));
  dialog.showModal();
}

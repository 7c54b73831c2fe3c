// A prompt edited where it stands in the manifest: the text, then the difference with its price, then it is written.

let editor = null; // { key, element }: stays as it is while news come

function editButton(look) {
  if (!look.prompt || look.kind === 'existing') return null;
  return el('button', { type: 'button', className: 'link edit', on: { click: () => openEditor(look.key) } }, 'Edit');
}

async function openEditor(key) {
  const look = model.looks[key];
  if (!look?.prompt || look.kind === 'existing') return toast('This look has no prompt to edit.');
  const told = await attempt(() => ask('/api/prompt', { look: key }));
  if (!told) return;
  if (!told.parts.length) return toast('Its prompt does not stand in the manifest: it comes from the command line.');
  editor = { key, element: el('div', { className: 'editor' }) };
  paintText(look, told, told.parts[0], told.parts[0].text);
  paintPanel();
  $('#panel').classList.add('open');
  $('textarea', editor.element).focus();
}

function closeEditor() {
  editor = null;
  document.activeElement?.blur();
  paintPanel();
  tiles.get(chosen)?.focus({ preventScroll: true });
}

// What a part is, and who else has it.
function nameOf(part) {
  const names = { prompt: 'its own text', prompt_prefix: 'what stands before it', prompt_suffix: 'what stands after it' };
  const what = part.looks.length > 1 && part.name === 'prompt' ? 'the text' : names[part.name] ?? part.name;
  return `${what}, line ${part.line}` + (part.looks.length > 1 ? `, shared by ${part.looks.length} looks` : '');
}

function paintText(look, told, part, text) {
  const area = el('textarea', { id: 'edited', rows: 5, maxLength: 20000, spellcheck: true, value: text });
  const choice = told.parts.length > 1 && el('select', { id: 'part', on: { change: () => {
    const now = told.parts[choice.selectedIndex];
    paintText(look, told, now, now.text);
    $('textarea', editor.element).focus();
  } } }, told.parts.map((other) => el('option', { selected: other === part }, nameOf(other))));
  const propose = async (event) => {
    event.preventDefault();
    if (area.value === part.text) return toast('The text is as it was.');
    const asked = { look: look.key, part: part.name, text: area.value, sha256: told.sha256 };
    const effect = await attempt(() => ask('/api/propose-edit', asked));
    if (effect) paintDifference(look, told, part, asked, effect);
  };
  area.addEventListener('keydown', (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) propose(event); });
  editor.element.replaceChildren(el('form', { on: { submit: propose } },
    choice ? el('label', { htmlFor: 'part' }, 'What to edit') : '', choice || '',
    el('label', { htmlFor: 'edited' }, choice ? 'Text' : `Text, line ${part.line} of ${model.manifest}`), area,
    part.looks.length > 1 && el('p', { className: 'follow' }, `${part.looks.length} looks share it: ${some(part.looks)}. All of them change.`),
    el('div', { className: 'acts' }, el('button', { className: 'pill' }, 'Show the difference'), el('button', { type: 'button', className: 'pill', on: { click: closeEditor } }, 'Cancel'))));
}

const some = (keys) => keys.slice(0, 6).join(', ') + (keys.length > 6 ? ` and ${keys.length - 6} more` : '');

function paintDifference(look, told, part, asked, effect) {
  const words = [`Writes line ${effect.line} of ${effect.manifest}, and nothing else in it.`];
  if (!effect.changed.length) words.push('No prompt becomes another one by it.');
  else if (effect.changed.length > 1) words.push(`It changes ${plural(effect.changed.length, 'look')}: ${some(effect.changed)}.`);
  if (effect.changed.length) words.push(effect.cost_usd ? `Buying that is ${usd(effect.cost_usd)}, asked separately; what is there stays, and is picked again for nothing when the old text comes back.` : 'Nothing has to be bought for it now.');
  if (effect.stale.length) words.push(`${some(effect.stale)} would be out of date; renewing is ${usd(effect.renewal_usd)}, asked separately.`);
  const write = el('button', { type: 'button', className: 'pill money', on: { click: async () => {
    write.disabled = true;
    const done = await attempt(() => ask('/api/write-edit', asked));
    if (!done) { write.disabled = false; return; }
    undos.push(() => ask('/api/undo-edit', { sha256: done.sha256 }));
    closeEditor();
    toast(`${done.manifest} is written.` + (done.cost_usd ? ` ${plural(done.changed.length, 'changed prompt')} in the basket: ${usd(done.cost_usd)}.` : ''), { undo: true });
  } } }, effect.cost_usd ? `Write it · ${usd(effect.cost_usd)} into the basket` : 'Write it');
  editor.element.replaceChildren(
    el('p', { className: 'prompt' }, difference(part.text, asked.text)),
    el('div', { className: effect.changed.length > 1 || effect.stale.length ? 'follow' : 'of' }, words.map((text) => el('p', {}, text))),
    el('details', {}, el('summary', {}, 'The lines of the file'), el('pre', { className: 'lines', tabIndex: 0 }, effect.diff.slice(2).map((line) => el(line[0] === '+' ? 'ins' : line[0] === '-' ? 'del' : 'span', {}, line + '\n')))),
    el('div', { className: 'acts' }, write, el('button', { type: 'button', className: 'pill', on: { click: () => { paintText(look, told, part, asked.text); $('textarea', editor.element).focus(); } } }, 'Back')));
  write.focus();
}

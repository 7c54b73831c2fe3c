// The client's copy: one file to send, and what comes back.

const SHOWN = { prompts: 'Prompts', prices: 'Prices', ids: 'Ids' };

function openClient() {
  const dialog = $('#client');
  const boxes = Object.entries(SHOWN).map(([name, words]) => [name, el('input', { type: 'checkbox', id: `show-${name}` }), words]);
  const every = el('input', { type: 'checkbox', id: 'every-take' });
  const told = el('div', { className: 'told', 'aria-live': 'polite' });
  const said = el('div', { className: 'told', 'aria-live': 'polite' });
  const make = el('button', { type: 'button', className: 'pill yes', on: { click: async () => {
    make.disabled = true;
    told.replaceChildren(el('p', { className: 'of' }, 'The pictures are put together…'));
    const shown = boxes.filter(([, box]) => box.checked).map(([name]) => name);
    const made = await attempt(() => ask('/api/client-copy', { shown, every_take: every.checked }));
    make.disabled = false;
    told.replaceChildren(...(made ? copyMade(made) : []));
  } } }, 'Make the copy');
  const file = el('input', { type: 'file', id: 'answers', accept: '.json,application/json', on: { change: async () => {
    const [chosenFile] = file.files;
    if (!chosenFile) return;
    const text = await chosenFile.text();
    const done = await attempt(() => ask('/api/take-in', { name: chosenFile.name, answers: text }));
    file.value = '';
    said.replaceChildren(...(done ? [el('ul', { className: 'lines' }, done.lines.map((line) => el('li', {}, line.trim())))] : []));
  } } });
  const choice = (box, words) => el('label', { htmlFor: box.id }, box, ' ', words);
  dialog.replaceChildren(
    el('h2', { id: 'client-title' }, 'A copy for the client'),
    el('p', { className: 'of' }, 'One file with pictures and titles, in which a client approves, rejects and remarks. Rejected takes and looks without a picture are left out; prices, ids, prompts and failures too, unless you add them:'),
    el('div', { className: 'choices' }, boxes.map(([, box, words]) => choice(box, words)), choice(every, 'Every take, not only the picked one')),
    el('div', { className: 'acts' }, make), told,
    el('h3', {}, 'What came back'),
    el('p', { className: 'of' }, el('label', { htmlFor: 'answers' }, 'The small file that the client saved is taken in here: who said what, and where two people differ.')), file, said,
    el('div', { className: 'acts' }, el('button', { type: 'button', className: 'pill', on: { click: () => dialog.close() } }, 'Close')));
  dialog.showModal();
}

function copyMade(made) {
  const { unfinished, rejected } = made.left_out;
  const left = [unfinished && `${plural(unfinished, 'look')} without a picture`, rejected && `${plural(rejected, 'look')} rejected`].filter(Boolean).join(', ');
  const command = (words, line) => el('p', { className: 'of' }, words, ' ', el('button', { type: 'button', className: 'link', on: { click: () => copy(line) } }, 'copy'), el('code', { tabIndex: 0 }, line));
  return [
    el('p', {}, el('a', { className: 'pill yes', href: '/client-copy', download: made.file }, `Save ${made.file}`), left && el('small', {}, `Not in it: ${left}.`)),
    command('The same in a terminal', made.command),
    command('What comes back is taken in with', made.take_in),
  ];
}

// Looks that somebody chose, kept by this browser for this campaign.

const shelf = 'lookbook.chosen.' + document.title;
let choices = new Set();
try { choices = new Set(JSON.parse(recall(shelf) ?? '[]')); } catch { /* nothing was chosen */ }

function choose(index) {
  const { key } = looks[index];
  if (!choices.delete(key)) choices.add(key);
  remember(shelf, JSON.stringify([...choices]));
  paintChosen(document);
  filter();
}

function chosenLooks() {
  return looks.filter((look) => choices.has(look.key));
}

function paintChosen(root) {
  for (const button of $$('[data-choose]', root)) {
    const on = choices.has(looks[button.dataset.choose].key);
    button.setAttribute('aria-pressed', String(on));
    if (button.matches('.pick')) button.textContent = on ? 'Chosen' : 'Choose';
  }
  const count = chosenLooks().length;
  $('#chosen-count').textContent = count;
  $('#chosen-filter').hidden = count === 0 && !$('[name=chosen]', bar).checked;
}

$('#copy-chosen').addEventListener('click', (event) => {
  toClipboard(chosenLooks().map((look) => look.key).join(' '), event.target);
});

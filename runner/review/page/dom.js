// Elements and words. Nothing on this page makes markup from data: texts are set as texts.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === 'on') for (const [event, heard] of Object.entries(value)) element.addEventListener(event, heard);
    else if (key in element && key !== 'list') element[key] = value;
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false && child !== ''));
  return element;
}

const usd = (amount) => '$' + amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const plural = (count, one) => `${count} ${one}${count === 1 ? '' : 's'}`;

function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

function span(seconds) {
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`;
  return `about ${(seconds / 3600).toFixed(1)} h`;
}

function day(moment) {
  const at = typeof moment === 'number' ? new Date(moment * 1000) : new Date(moment);
  return at.toLocaleDateString(undefined, { day: 'numeric', month: 'short' }) + ' ' + at.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

// A key as people read it: rainy-street becomes Rainy street; a written text stays as it is.
function human(key) {
  if (!/^[a-z0-9]+([._-][a-z0-9]+)*$/.test(key)) return key;
  const words = key.replace(/[._-]/g, ' ');
  return words[0].toUpperCase() + words.slice(1);
}

function toast(words, { bad = false, undo = null, seconds = 7 } = {}) {
  const box = $('#toast');
  box.className = bad ? 'toast bad' : 'toast';
  box.replaceChildren(el('span', {}, words), undo ? el('button', { type: 'button', on: { click: undoLast } }, 'Undo') : '');
  box.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { box.hidden = true; }, seconds * 1000);
}

async function copy(line) {
  try {
    await navigator.clipboard.writeText(line);
    toast('The command is copied.');
  } catch {
    toast(line);
  }
}

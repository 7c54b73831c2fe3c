// How alike the faces are: a hint, never a verdict. Distances were measured on this machine.

const distance = (look) => picture(look)?.face?.base ?? null;
const differs = (look) => Boolean(picture(look)?.face?.differs);
const byFace = (name) => name === 'alike' || name === 'differs';

// The looks of a filter of faces stand in one grid, the least alike first.
function facesInOrder() {
  const keys = model.order.filter((key) => FILTERS[filter][1](model.looks[key]));
  keys.sort((one, other) => distance(model.looks[other]) - distance(model.looks[one]));
  return el('section', { className: 'looks' }, el('h2', {}, FILTERS[filter][0], el('small', {}, 'A distance is a hint, not a verdict: look at the pictures.')),
    el('div', { className: 'grid' }, keys.map(makeTile)));
}

function rootOf(look) {
  const seenKeys = new Set();
  let found = look;
  while (found.reference && model.looks[found.reference] && !seenKeys.has(found.key)) {
    seenKeys.add(found.key);
    found = model.looks[found.reference];
  }
  return found === look || found.reference ? null : found;
}

function crop(look, one, words) {
  const face = one?.picture && one.face;
  if (!face?.crop) return null;
  const [left, top, wide, high] = face.crop;
  const image = el('img', { src: address('thumbs', look, one), alt: '' });
  image.style.cssText = `width:${100 / wide}%;height:${100 / high}%;left:${(-100 * left) / wide}%;top:${(-100 * top) / high}%`;
  const frame = el('div', {}, image);
  frame.style.aspectRatio = String(face.shape);
  return el('figure', {}, frame, el('figcaption', {}, words));
}

// The face of a take beside those that it is compared with.
function likeness(look, one) {
  const face = one?.face;
  if (!face) return null;
  const root = rootOf(look);
  const mother = model.looks[look.reference];
  const beside = [crop(look, one, `Take ${one.take}`), root && crop(root, picture(root), `The base of its chain: ${root.title}`)];
  if (mother && mother !== root) beside.push(crop(mother, picture(mother), `Its reference: ${mother.title}`));
  const crops = beside.filter(Boolean);
  const far = [face.base !== null && `${face.base.toFixed(2)} from the base`, face.reference !== null && `${face.reference.toFixed(2)} from its reference`].filter(Boolean).join(', ');
  let told = '';
  if (face.held) told = ` What references it waits for an approval: beyond ${face.hold.toFixed(2)}.`;
  else if (face.differs) told = ` It may be another face: beyond ${face.warn.toFixed(2)}.`;
  return el('section', { className: 'likeness' }, el('h3', {}, 'Face'), crops.length > 1 && el('div', { className: 'crops' }, crops),
    el('p', { className: 'of' }, face.none ?? `${far}.${told} A hint, not a verdict.`));
}

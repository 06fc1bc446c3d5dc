// SPDX-License-Identifier: GPL-3.0-or-later
// Brushing, slices, contours, learning curves and a sortable table of all trials, on canvas. Texts are set as text, never as HTML.
'use strict';
document.documentElement.classList.add('js');
const tip = document.getElementById('tip');
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const isDark = () => matchMedia('(prefers-color-scheme: dark)').matches;

function make(tag, parent, text, attributes) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const name in attributes || {}) element.setAttribute(name, attributes[name]);
  if (parent) parent.appendChild(element);
  return element;
}

const short = v => v === null || v === undefined ? '' : Math.abs(v) >= 1e5 || (v !== 0 && Math.abs(v) < 1e-3) ? v.toExponential(2).replace(/\.?0+e/, 'e')
  : String(+v.toPrecision(5));

const brief = v => short(+v.toPrecision(3));

// Viridis at five places (S. van der Walt, N. Smith, 2015): the best is what stands out most from the background.
const stops = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
function colour(share) {
  const t = (isDark() ? 1 - 0.8 * share : 0.85 * share) * (stops.length - 1), i = Math.min(stops.length - 2, Math.floor(t));
  return 'rgb(' + stops[i].map((c, k) => Math.round(c + (stops[i + 1][k] - c) * (t - i))).join(',') + ')';
}

function canvasOf(parent, width, height) {
  const canvas = make('canvas', parent), ratio = window.devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = width + 'px';
  canvas.style.height = height + 'px';
  const context = canvas.getContext('2d');
  context.scale(ratio, ratio);
  return [canvas, context];
}

// Where a value stands between 0 and 1 on an axis; null: it has none.
function axisOf(column) {
  const seen = column.values.filter(v => v !== null);
  let low = Infinity, high = -Infinity;
  for (const v of seen) { if (v < low) low = v; if (v > high) high = v; }
  if (column.choices) { low = -0.5; high = column.choices.length - 0.5; }
  if (column.clip) {
    const sorted = seen.slice().sort((a, b) => a - b), edge = Math.floor((sorted.length - 1) / 10);
    if (sorted.length) column.maximize ? low = sorted[edge] : high = sorted[sorted.length - 1 - edge];
  }
  if (!(high > low)) { low -= 0.5; high += 0.5; }
  if (column.range) [low, high] = column.range;
  const axis = {low, high, log: column.log && low > 0, column};
  axis.at = v => {
    if (v === null) return null;
    const t = axis.log ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low);
    return Math.max(0, Math.min(1, t));
  };
  axis.value = t => axis.log ? low * Math.pow(high / low, t) : low + t * (high - low);
  axis.text = v => column.choices ? column.choices[v] : short(v);
  axis.end = v => (column.clip && v === (column.maximize ? low : high) ? column.maximize ? '\u2264 ' : '\u2265 ' : '') + axis.text(v);
  return axis;
}

// Round numbers on an axis, about six.
function ticksOf(axis) {
  const ticks = [];
  if (axis.log) {
    const from = Math.floor(Math.log10(axis.low)), to = Math.ceil(Math.log10(axis.high));
    const factors = to - from > 3 ? [1] : [1, 2, 5], every = Math.max(1, Math.ceil((to - from) / 6));
    for (let e = from; e <= to; e += every)
      for (const f of factors) ticks.push(f * Math.pow(10, e));
  } else {
    const raw = (axis.high - axis.low) / 5, unit = Math.pow(10, Math.floor(Math.log10(raw)));
    const step = [1, 2, 5, 10].find(f => f * unit >= raw * 0.999) * unit;
    for (let k = Math.ceil(axis.low / step - 1e-9); k * step <= axis.high + 1e-9 * step; k++) ticks.push(k * step);
  }
  return ticks.filter(v => v >= axis.low * (1 - 1e-9 * Math.sign(axis.low)) && v <= axis.high * (1 + 1e-9 * Math.sign(axis.high)));
}

// A value's place in the unit interval of the space, as hpo_param_to_unit has it.
const scales = {linear: v => v, log: Math.log, logit: v => Math.log(v / (1 - v))};
function unitOf(p, v) {
  if (p.choices) return (v + 0.5) / p.choices.length;
  const f = scales[p.scale], low = f(p.from);
  return Math.max(0, Math.min(1, (f(v) - low) / (f(p.to) - low)));
}
// Neighbours of such places among the middles of the cells of a grid, and the weight of the second; choices have one.
function cellsOf(p, units, grid) {
  return units.map(u => {
    const at = Math.max(0, Math.min(grid - 1, u * grid - 0.5)), k = p.choices ? Math.min(grid - 1, Math.floor(u * grid)) : Math.floor(at);
    return p.choices ? [k, k, 0] : [k, Math.min(grid - 1, k + 1), at - k];
  });
}
const spread = i => ((i * 2654435761 >>> 8) % 21 - 10) / 10; // trials with the same choice, beside each other

function view(article) {
  const source = article.querySelector('script.data'), root = article.querySelector('.live');
  if (!source) return;
  const data = JSON.parse(source.textContent), n = data.value.length;
  const columns = data.params.concat([{name: data.metric, log: false, values: data.value, clip: true, maximize: data.maximize}]);
  const state = {log: true, brushes: {}, top: 100, hover: -1, chosen: new Uint8Array(n).fill(1), order: [], page: 0};
  // Ranks by value, at whatever fidelity it was shown: so colours agree with the axis.
  const rank = new Float32Array(n).fill(1), ranked = [];
  for (let i = 0; i < n; i++) if (data.value[i] !== null) ranked.push(i);
  const sign = data.maximize ? -1 : 1;
  ranked.sort((a, b) => sign * (data.value[a] - data.value[b]) || a - b);
  ranked.forEach((id, k) => { rank[id] = ranked.length > 1 ? k / (ranked.length - 1) : 0; });

  const tools = make('div', root, undefined, {class: 'tools'});
  const topLabel = make('label', tools, 'Top '), top = make('input', topLabel, undefined, {type: 'range', min: 1, max: 100, value: 100});
  const topText = make('span', topLabel, ' 100 %');
  const logLabel = make('label', tools), logBox = make('input', logLabel, undefined, {type: 'checkbox'});
  logBox.checked = true;
  make('span', logLabel, ' logarithmic axes where declared');
  const clear = make('button', tools, 'Clear brushes', {type: 'button'});
  const counted = make('span', tools, '', {'aria-live': 'polite', class: 'counted'});
  const hint = make('p', root, 'Drag along an axis to keep what lies there; click an axis to let go. The darker a line (on dark pages: the brighter), the better. Orange: no value, such as of failed trials.'
    + (data.params.length < data.dims ? ' The first ' + data.params.length + ' of ' + data.dims + ' parameters are here.' : ''), {class: 'note'});
  const frame = make('div', root, undefined, {class: 'pc', tabindex: 0});

  // ---- parallel coordinates ----
  const TOP = 34, BOTTOM = 46, HEIGHT = 380, NOWHERE = HEIGHT - 22;
  let axes, width, base, lines, overlay, position, centre; // centre: without the spread of choices
  function layout() {
    frame.textContent = '';
    axes = columns.map(c => axisOf(state.log ? c : Object.assign({}, c, {log: false})));
    width = Math.max(frame.clientWidth - 2, axes.length * 74);
    const holder = make('div', frame, undefined, {style: 'position:relative;width:' + width + 'px;height:' + HEIGHT + 'px'});
    [base, lines, overlay] = [0, 1, 2].map(() => {
      const pair = canvasOf(holder, width, HEIGHT);
      pair[0].style.position = 'absolute';
      pair[0].style.left = pair[0].style.top = 0;
      return pair;
    });
    const gap = (width - 90) / Math.max(1, axes.length - 1);
    axes.forEach((axis, k) => { axis.x = 45 + k * gap; });
    centre = axes.map(axis => Float32Array.from(axis.column.values, v => v === null ? NOWHERE : place(axis, v)));
    position = axes.map((axis, k) => {
      const choices = axis.column.choices, wide = choices ? Math.min(9, 0.3 * (HEIGHT - TOP - BOTTOM) / choices.length) : 0;
      return wide ? centre[k].map((y, i) => y === NOWHERE ? y : y + wide * spread(i)) : centre[k];
    });
    drawBase();
    listen(overlay[0]);
  }
  function drawBase() {
    const g = base[1];
    g.clearRect(0, 0, width, HEIGHT);
    stroke(g, css('--line'), Array.from({length: n}, (_, i) => i), 0.35, 2500);
    g.globalAlpha = 1;
  }
  function stroke(g, style, ids, alpha, most) {
    const step = Math.max(1, Math.ceil(ids.length / most));
    g.strokeStyle = style;
    g.globalAlpha = alpha;
    g.beginPath();
    for (let k = 0; k < ids.length; k += step) {
      const i = ids[k];
      g.moveTo(axes[0].x, position[0][i]);
      for (let a = 1; a < axes.length; a++) g.lineTo(axes[a].x, position[a][i]);
    }
    g.stroke();
  }
  const BUCKETS = 12, MOST = 2400, MOVING = 1200; // lines at a time; while a brush moves
  function drawLines(most) {
    const g = lines[1];
    g.clearRect(0, 0, width, HEIGHT);
    const buckets = Array.from({length: BUCKETS}, () => []);
    let count = 0;
    const without = [];
    for (let i = 0; i < n; i++) if (state.chosen[i] && data.value[i] === null) { without.push(i); count++; }
    for (let i = 0; i < n; i++) if (state.chosen[i] && data.value[i] !== null) { buckets[Math.min(BUCKETS - 1, Math.floor(rank[i] * BUCKETS))].push(i); count++; }
    const alpha = count > 2000 ? 0.25 : count > 200 ? 0.45 : 0.85;
    stroke(g, isDark() ? '#ff8c42' : '#d55e00', without, alpha, most / BUCKETS);
    for (let b = BUCKETS - 1; b >= 0; b--) stroke(g, colour(b / (BUCKETS - 1)), buckets[b], alpha, most / BUCKETS);
    g.globalAlpha = 1;
    counted.textContent = count + ' of ' + n + ' trials' + (n < data.trials ? ' (a sample of ' + data.trials + ')' : '') + (count > MOST ? '; a sample is drawn' : '');
  }
  function drawOverlay() {
    const g = overlay[1];
    g.clearRect(0, 0, width, HEIGHT);
    if (state.hover >= 0) { g.lineWidth = 3; stroke(g, css('--ink'), [state.hover], 1, 1); g.lineWidth = 1; }
    g.globalAlpha = 1;
    g.textAlign = 'center';
    axes.forEach((axis, k) => {
      g.strokeStyle = g.fillStyle = css('--muted');
      g.beginPath(); g.moveTo(axis.x, TOP); g.lineTo(axis.x, HEIGHT - BOTTOM); g.stroke();
      g.fillStyle = css('--ink');
      g.font = 'bold 11px Helvetica,Arial,sans-serif';
      const name = axis.column.name, room = axes.length > 1 ? axes[1].x - axes[0].x : 200, most = Math.floor(room / 6.4);
      g.fillText(name.length > most ? name.slice(0, most - 1) + '~' : name, axis.x, 12);
      g.font = '10px Helvetica,Arial,sans-serif';
      const choices = axis.column.choices, ends = choices ? [choices.length - 1, 0] : [axis.high, axis.low];
      outlined(g, cut(axis.end(ends[0]), most), axis.x, choices ? place(axis, ends[0]) + 3 : 27);
      outlined(g, cut(axis.end(ends[1]), most), axis.x, choices ? place(axis, ends[1]) + 3 : HEIGHT - BOTTOM + 11);
      if (axis.column.values.includes(null)) outlined(g, k < axes.length - 1 ? 'inactive' : 'no value', axis.x, HEIGHT - 6);
      if (choices && choices.length <= 12)
        for (let c = 1; c < choices.length - 1; c++) outlined(g, cut(choices[c], most), axis.x, place(axis, c) + 3);
      const brush = state.brushes[k];
      if (!brush) return;
      g.fillStyle = css('--accent');
      g.globalAlpha = 0.35;
      g.fillRect(axis.x - 8, Math.min(brush[0], brush[1]), 16, Math.abs(brush[1] - brush[0]));
      g.globalAlpha = 1;
    });
  }
  const cut = (text, most) => text.length > most ? text.slice(0, most - 1) + '~' : text;
  const place = (axis, v) => TOP + (1 - axis.at(v)) * (HEIGHT - TOP - BOTTOM);
  function outlined(g, text, x, y) {
    g.lineWidth = 3;
    g.strokeStyle = css('--paper');
    g.strokeText(text, x, y);
    g.lineWidth = 1;
    g.fillText(text, x, y);
  }
  function choose() {
    const limit = state.top / 100, brushes = Object.keys(state.brushes).map(Number);
    for (let i = 0; i < n; i++) {
      let keep = state.top >= 100 || (data.value[i] !== null && rank[i] <= limit) ? 1 : 0;
      for (const k of brushes) {
        const y = centre[k][i], b = state.brushes[k];
        if (y < Math.min(b[0], b[1]) || y > Math.max(b[0], b[1])) keep = 0;
      }
      state.chosen[i] = keep;
    }
  }
  let waiting = false;
  function update(andAll) {
    choose();
    drawLines(andAll ? MOST : MOVING);
    drawOverlay();
    if (!andAll || waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawSlice(); drawContours(); drawCurves(); state.page = 0; fillTable(); });
  }
  function nearestAxis(x) {
    let best = 0;
    axes.forEach((axis, k) => { if (Math.abs(axis.x - x) < Math.abs(axes[best].x - x)) best = k; });
    return best;
  }
  function nearestTrial(x, y) {
    let k = 0;
    while (k < axes.length - 2 && axes[k + 1].x < x) k++;
    const t = (x - axes[k].x) / (axes[k + 1].x - axes[k].x);
    let best = -1, least = 7;
    for (let i = 0; i < n; i++) {
      if (!state.chosen[i]) continue;
      const d = Math.abs(position[k][i] + t * (position[k + 1][i] - position[k][i]) - y);
      if (d < least || (d === least && best >= 0 && rank[i] < rank[best])) { least = d; best = i; }
    }
    return best;
  }
  function describe(i) {
    const lines = ['trial ' + data.ids[i] + ', ' + data.states[data.state[i]], data.metric + ': ' + short(data.value[i])];
    if (data.fidelityName) lines.push(data.fidelityName + ': ' + short(data.fidelity[i]));
    for (const p of data.params) if (p.values[i] !== null) lines.push(p.name + ': ' + (p.choices ? p.choices[p.values[i]] : short(p.values[i])));
    return lines.slice(0, 26).join('\n');
  }
  function showTip(event, text) {
    tip.textContent = text;
    tip.style.display = 'block';
    tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)) + 'px';
    tip.style.top = Math.max(4, Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8)) + 'px';
  }
  function listen(canvas) {
    let axis = -1, start = 0;
    const at = event => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    canvas.onpointerdown = event => {
      const [x, y] = at(event), k = nearestAxis(x);
      if (Math.abs(axes[k].x - x) > 22) return;
      axis = k; start = y;
      delete state.brushes[k];
      canvas.setPointerCapture(event.pointerId);
      event.preventDefault();
    };
    canvas.onpointermove = event => {
      const [x, y] = at(event);
      if (axis >= 0) {
        if (Math.abs(y - start) > 3) state.brushes[axis] = [start, y];
        return update(false);
      }
      const before = state.hover;
      state.hover = axes.length > 1 ? nearestTrial(x, y) : -1;
      if (state.hover !== before) drawOverlay();
      if (state.hover >= 0) showTip(event, describe(state.hover)); else tip.style.display = 'none';
    };
    canvas.onpointerup = canvas.onpointercancel = () => { if (axis >= 0) { axis = -1; update(true); } };
    canvas.onpointerleave = () => { tip.style.display = 'none'; state.hover = -1; drawOverlay(); };
  }
  top.oninput = () => { state.top = +top.value; topText.textContent = ' ' + top.value + ' %'; update(true); };
  logBox.onchange = () => { state.log = logBox.checked; state.brushes = {}; layout(); update(true); };
  clear.onclick = () => { state.brushes = {}; top.value = state.top = 100; topText.textContent = ' 100 %'; update(true); };

  // ---- slices, contours and curves of what is chosen ----
  const charts = make('div', root, undefined, {class: 'charts'});
  const sliceBox = make('div', charts), contourBox = make('div', charts), curveBox = make('div', charts);
  const ranks = data.ranks || data.params.map((_, k) => k);
  function chooser(parent, text, chosen, redraw) {
    const select = make('select', make('label', parent, text));
    data.params.forEach((p, k) => make('option', select, p.name, {value: k}));
    if (chosen !== undefined) select.value = chosen;
    select.onchange = redraw;
    return select;
  }
  const titled = box => make('div', box, undefined, {class: 'tools'});
  const which = chooser(titled(sliceBox), 'Slice over ', ranks[0], () => drawSlice());
  const strongest = (data.surfaces || [])[0] || {x: ranks[0], y: ranks[1]};
  const contourTools = titled(contourBox), across = chooser(contourTools, 'Contours of ', strongest.x, () => drawContours());
  const up = chooser(contourTools, 'and ', strongest.y, () => drawContours());
  make('b', titled(curveBox), 'Learning curves');
  sliceBox.hidden = data.params.length < 1;
  contourBox.hidden = data.params.length < 2;
  curveBox.hidden = !data.curves.length;
  const contourNote = make('p', contourBox, '', {class: 'note'});

  // right: room beside the frame.
  function chart(box, x, y, xName, yName, right) {
    const old = box.querySelector('canvas');
    if (old) old.remove();
    const w = Math.max(260, Math.min(560, box.clientWidth)), h = 300, [canvas, g] = canvasOf(box, w, h);
    box.insertBefore(canvas, box.children[1] || null);
    const to = {left: 58, top: 20, right: w - right, bottom: h - 40};
    const c = {canvas, g, to, px: v => to.left + x.at(v) * (to.right - to.left), py: v => to.bottom - y.at(v) * (to.bottom - to.top)};
    g.strokeStyle = css('--line'); g.fillStyle = css('--muted'); g.font = '11px Helvetica,Arial,sans-serif';
    g.strokeRect(to.left, to.top, to.right - to.left, to.bottom - to.top);
    const few = (axis, room) => {
      const all = axis.column.choices ? axis.column.choices.map((_, k) => k) : ticksOf(axis), every = Math.max(1, Math.ceil(all.length * room));
      return all.filter((_, k) => k % every === 0);
    };
    const name = (axis, v) => axis.column.choices ? cut(axis.column.choices[v], 8) : brief(v);
    g.textAlign = 'right';
    for (const v of few(y, 18 / (to.bottom - to.top))) {
      g.fillText(name(y, v), to.left - 6, c.py(v) + 4);
      if (!y.column.choices) { g.beginPath(); g.moveTo(to.left, c.py(v)); g.lineTo(to.right, c.py(v)); g.stroke(); }
    }
    g.textAlign = 'center';
    for (const v of few(x, 54 / (to.right - to.left))) {
      g.fillText(name(x, v), Math.min(c.px(v), w - 16), to.bottom + 15);
      g.beginPath(); g.moveTo(c.px(v), to.bottom); g.lineTo(c.px(v), to.bottom + 4); g.stroke();
    }
    g.fillText(xName, (to.left + to.right) / 2, h - 8);
    g.textAlign = 'left';
    g.fillText(yName, 4, 12);
    return c;
  }
  // dots: [x, y, trial]; otherwise: what to tell where there is none, or null.
  function hoverDots(c, dots, otherwise) {
    c.canvas.onpointermove = event => {
      const box = c.canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
      let best = null, least = otherwise ? 25 : 64;
      for (const d of dots) { const s = (d[0] - x) ** 2 + (d[1] - y) ** 2; if (s < least) { least = s; best = d; } }
      const text = best ? describe(best[2]) : otherwise && otherwise(x, y);
      if (text) showTip(event, text); else tip.style.display = 'none';
    };
    c.canvas.onpointerleave = () => { tip.style.display = 'none'; };
  }
  // The axis of all that a parameter may be, not of what was tried alone.
  const domainOf = p => axisOf(Object.assign({}, p, {log: p.log && state.log, range: p.choices ? undefined : [p.from, p.to]}));
  function drawSlice() {
    const p = data.params[+which.value];
    if (!p) return;
    const c = chart(sliceBox, domainOf(p), axes[axes.length - 1], p.name, data.metric, 12);
    const dots = [];
    for (let i = n - 1; i >= 0; i--) {
      if (!state.chosen[i] || data.value[i] === null || p.values[i] === null) continue;
      dots.push([c.px(p.values[i]) + (p.choices ? 10 * spread(i) : 0), c.py(data.value[i]), i]);
    }
    c.g.globalAlpha = dots.length > 2000 ? 0.4 : 0.75;
    for (const [x, y, i] of dots) { c.g.fillStyle = colour(rank[i]); c.g.fillRect(x - 2, y - 2, 4, 4); }
    hoverDots(c, dots);
  }

  // ---- contours: the forest's mean over all other parameters ----
  const BANDS = 12, DOTS = 500;
  // Of a pair, whichever was named first; null: there is none.
  function surfaceOf(x, y) {
    const s = (data.surfaces || []).find(s => (s.x === x && s.y === y) || (s.x === y && s.y === x));
    return s ? {s, at: s.x === x ? (i, j) => s.cells[i * data.grid + j] : (i, j) => s.cells[j * data.grid + i]} : null;
  }
  // Between 0 and 1; columns and rows as of cellsOf.
  function shareAt(surface, [i, k, u], [j, l, w]) {
    const {at} = surface;
    return ((1 - u) * ((1 - w) * at(i, j) + w * at(i, l)) + u * ((1 - w) * at(k, j) + w * at(k, l))) / data.steps;
  }
  const band = share => (Math.min(BANDS - 1, Math.floor((data.maximize ? 1 - share : share) * BANDS)) + 0.5) / BANDS;
  // A pixel's place on the axis is a value, and its unit coordinate tells the cell: so both kinds of axes can be had.
  function valuesAlong(axis, pixels) {
    return Array.from({length: pixels}, (_, k) => {
      const v = axis.value((k + 0.5) / pixels);
      return axis.column.choices ? Math.max(0, Math.min(axis.column.choices.length - 1, Math.round(v))) : v;
    });
  }
  function paint(c, p, q, x, y, surface) {
    const w = Math.floor(c.to.right - c.to.left), h = c.to.bottom - c.to.top;
    const columns = cellsOf(p, valuesAlong(x, w).map(v => unitOf(p, v)), data.grid);
    const rows = cellsOf(q, valuesAlong(y, h).map(v => unitOf(q, v)), data.grid).reverse();
    const colours = Array.from({length: BANDS}, (_, b) => colour((b + 0.5) / BANDS).match(/\d+/g).map(Number));
    const picture = document.createElement('canvas');
    picture.width = w;
    picture.height = h;
    const g = picture.getContext('2d'), image = g.createImageData(w, h);
    for (let b = 0, at = 0; b < h; b++)
      for (let a = 0; a < w; a++, at += 4) {
        image.data.set(colours[Math.floor(band(shareAt(surface, columns[a], rows[b])) * BANDS)], at);
        image.data[at + 3] = 255;
      }
    g.putImageData(image, 0, 0);
    c.g.drawImage(picture, c.to.left, c.to.top, w, h);
  }
  function legend(c, s) {
    const left = c.to.right + 8, step = (c.to.bottom - c.to.top) / BANDS;
    for (let b = 0; b < BANDS; b++) {
      c.g.fillStyle = colour(band((b + 0.5) / BANDS));
      c.g.fillRect(left, c.to.bottom - (b + 1) * step, 10, step + 0.5);
    }
    c.g.fillStyle = css('--muted');
    c.g.textAlign = 'left';
    for (const t of [0, 0.5, 1]) c.g.fillText(brief(s.low + t * (s.high - s.low)), left + 13, c.to.bottom - t * (c.to.bottom - c.to.top) + (t === 1 ? 9 : t === 0 ? 0 : 4));
  }
  function drawContours() {
    const p = data.params[+across.value], q = data.params[+up.value];
    if (!p || !q) return;
    const x = domainOf(p), y = domainOf(q), surface = p === q ? null : surfaceOf(+across.value, +up.value);
    const c = chart(contourBox, x, y, p.name, q.name, 62), g = c.g, dots = [];
    if (surface) { paint(c, p, q, x, y, surface); legend(c, surface.s); }
    for (let k = ranked.length - 1; k >= 0; k--) {
      const i = ranked[k];
      if (!state.chosen[i] || p.values[i] === null || q.values[i] === null) continue;
      dots.push([c.px(p.values[i]) + (p.choices ? 9 * spread(i) : 0), c.py(q.values[i]) + (q.choices ? 9 * spread(i + 7) : 0), i]);
    }
    const step = Math.max(1, Math.ceil(dots.length / DOTS));
    g.lineWidth = 1;
    dots.forEach(([px, py, i], k) => {
      const best = k === dots.length - 1;
      if (!best && k % step) return;
      g.beginPath();
      g.arc(px, py, best ? 5 : 2, 0, 2 * Math.PI);
      g.fillStyle = best ? '#d55e00' : surface ? '#fff' : colour(rank[i]);
      g.fill();
      g.strokeStyle = '#1f2328';
      if (surface || best) g.stroke();
    });
    contourNote.textContent = surface ? 'Colour: the forest\u2019s mean over all other parameters' + (data.fidelityName ? ' at ' + data.fidelityName + ' ' + short(data.looked) : '') + '. Dots: trials' + (dots.length > DOTS ? ', a sample' : '') + '; orange: the best.'
      : data.surfaces && data.surfaces.length ? 'Contours are here for pairs of the most important parameters; these are the trials alone.' : 'Too many parameters, or too few values, for contours; these are the trials alone.';
    hoverDots(c, dots, surface && ((px, py) => {
      const a = (px - c.to.left) / (c.to.right - c.to.left), b = (c.to.bottom - py) / (c.to.bottom - c.to.top);
      if (a < 0 || a > 1 || b < 0 || b > 1) return null;
      const round = (axis, t) => axis.column.choices ? Math.max(0, Math.min(axis.column.choices.length - 1, Math.round(axis.value(t)))) : axis.value(t);
      const v = round(x, a), w = round(y, b), {s} = surface;
      const share = shareAt(surface, cellsOf(p, [unitOf(p, v)], data.grid)[0], cellsOf(q, [unitOf(q, w)], data.grid)[0]);
      return 'forest: ' + brief(s.low + share * (s.high - s.low)) + '\n' + p.name + ': ' + (p.choices ? p.choices[v] : brief(v)) + '\n' + q.name + ': ' + (q.choices ? q.choices[w] : brief(w));
    }));
  }
  function drawCurves() {
    if (!data.curves.length) return;
    const steps = [];
    for (const [, points] of data.curves) for (let k = 0; k < points.length; k += 2) if (points[k] !== null) steps.push(points[k]);
    const x = axisOf({values: steps, log: state.log}), c = chart(curveBox, x, axes[axes.length - 1], data.fidelityName, data.metric, 12);
    c.g.globalAlpha = 0.6;
    for (const [i, points] of data.curves) {
      if (!state.chosen[i]) continue;
      const pairs = [];
      for (let k = 0; k < points.length; k += 2) if (points[k + 1] !== null) pairs.push([points[k], points[k + 1]]);
      pairs.sort((a, b) => a[0] - b[0]);
      c.g.strokeStyle = colour(rank[i]);
      c.g.beginPath();
      pairs.forEach(([s, v], k) => k ? c.g.lineTo(c.px(s), c.py(v)) : c.g.moveTo(c.px(s), c.py(v)));
      c.g.stroke();
    }
  }

  // ---- the table ----
  const PAGE = 25;
  const shown = [{name: 'trial', get: i => data.ids[i]}, {name: 'state', isText: true, get: i => data.states[data.state[i]]},
    {name: data.metric, get: i => data.value[i]}, {name: data.fidelityName || 'fidelity', get: i => data.fidelity[i]},
    {name: 'seconds', get: i => data.seconds[i]}]
    .concat(data.params.map(p => ({name: p.name, isText: !!p.choices, get: i => p.values[i] === null ? null : p.choices ? p.choices[p.values[i]] : p.values[i]})));
  const wide = make('div', root, undefined, {class: 'wide'}), table = make('table', wide, undefined, {class: 'trials'});
  const headRow = make('tr', make('thead', table)), body = make('tbody', table);
  const sort = {by: 2, up: !data.maximize};
  shown.forEach((column, k) => {
    const th = make('th', headRow, undefined, column.isText ? {class: 'label'} : {}), button = make('button', th, column.name, {type: 'button'});
    button.onclick = () => { sort.up = sort.by === k ? !sort.up : true; sort.by = k; state.page = 0; fillTable(); };
  });
  const pager = make('div', root, undefined, {class: 'tools'}), back = make('button', pager, 'Back', {type: 'button'});
  const where = make('span', pager), next = make('button', pager, 'Next', {type: 'button'});
  back.onclick = () => { state.page--; fillTable(); };
  next.onclick = () => { state.page++; fillTable(); };
  function fillTable() {
    const ids = [], get = shown[sort.by].get;
    for (let i = 0; i < n; i++) if (state.chosen[i]) ids.push(i);
    ids.sort((a, b) => {
      const x = get(a), y = get(b);
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      const order = x < y ? -1 : x > y ? 1 : 0;
      return (sort.up ? order : -order) || a - b;
    });
    [...headRow.children].forEach((th, k) => th.setAttribute('aria-sort', k !== sort.by ? 'none' : sort.up ? 'ascending' : 'descending'));
    state.page = Math.max(0, Math.min(state.page, Math.ceil(ids.length / PAGE) - 1));
    body.textContent = '';
    for (const i of ids.slice(state.page * PAGE, (state.page + 1) * PAGE)) {
      const row = make('tr', body);
      shown.forEach(column => { const v = column.get(i); make('td', row, typeof v === 'string' ? v : short(v), column.isText ? {class: 'label'} : {}); });
    }
    where.textContent = (ids.length ? state.page * PAGE + 1 : 0) + ' to ' + Math.min(ids.length, (state.page + 1) * PAGE) + ' of ' + ids.length;
    back.disabled = state.page === 0;
    next.disabled = (state.page + 1) * PAGE >= ids.length;
  }

  for (const part of [topLabel, logLabel, clear, hint, frame]) part.hidden = !data.params.length;
  layout();
  update(true);
  let known = frame.clientWidth;
  const again = () => { layout(); update(true); };
  addEventListener('resize', () => { if (frame.clientWidth !== known) { known = frame.clientWidth; state.brushes = {}; again(); } });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
}
document.querySelectorAll('article').forEach(view);

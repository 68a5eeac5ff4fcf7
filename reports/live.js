'use strict';
(() => {
const SVG = 'http://www.w3.org/2000/svg';
const id = (name) => document.getElementById(name);
/** An element with its text; text is never markup. */
const make = (tag, name, text) => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};
const svg = (tag, attributes, text) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
};

// Figures as the report writes them.
const NOTHING = '–';
const round = (value) => value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
const time = (ns) => {
  if (ns === null || ns === undefined) return NOTHING;
  if (ns === 0) return '0';
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${round(ns / 1e3)} µs`;
  if (ns < 1e9) return `${round(ns / 1e6)} ms`;
  if (ns < 60e9) return `${round(ns / 1e9)} s`;
  return clock(ns);
};
const count = (value) => Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ',');
const rate = (value) => {
  if (value === null) return NOTHING;
  if (value >= 100) return count(value);
  return value >= 0.1 || value === 0 ? value.toFixed(1) : value.toFixed(3);
};
/** Whole seconds: 7s, 12m 05s, 47h 12m. */
const clock = (ns) => {
  const all = Math.round(ns / 1e9);
  const two = (value) => String(value).padStart(2, '0');
  const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  if (hours) return `${hours}h ${two(minutes)}m`;
  return minutes ? `${minutes}m ${two(seconds)}s` : `${seconds}s`;
};

const STAGES = {
  starting: 'starting', running: 'running', stopping: 'stopping', measured: 'measured', ended: 'ended',
};
const each = (list) => (points, at) => {
  const seconds = points.length_ns[at] / 1e9;
  return seconds > 0 ? points[list][at] / seconds : null;
};
const plain = (list) => (points, at) => points[list][at];
const CHARTS = [
  { title: 'Response time', unit: time, lines: [
    { name: 'p50', look: 'one', value: plain('p50_ns') },
    { name: 'p95', look: 'two', value: plain('p95_ns') },
    { name: 'p99', look: 'three', value: plain('p99_ns') }] },
  { title: 'Per second', unit: rate, lines: [
    { name: 'requests', look: 'two', value: each('requests') },
    { name: 'errors', look: 'three', value: each('errors') }] },
  { title: 'Virtual users', unit: count, lines: [
    { name: 'in a journey', look: 'two', value: plain('users') }] },
  { title: 'Late starts', unit: time, lines: [
    { name: 'start lag p99', look: 'two', value: plain('lag_p99_ns') }] },
];
const HEIGHT = 190, LEFT = 62, RIGHT = 10, TOP = 8, BOTTOM = 22;
let newest = null, range = 0, hovered = null;

/** The next number upwards that people like on an axis. */
const nice = (value) => {
  if (!(value > 0)) return 1;
  const ten = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 8].map((step) => step * ten).find((step) => step >= value * 0.9999) || ten * 10;
};

/** Round moments of a stretch of time, at most `most`. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400];
const marks = (from, until, most) => {
  const step = (STEPS.find((step) => (until - from) / 1e9 / step < most) || 86400) * 1e9;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(until / step) - first + 1 }, (_, at) => (first + at) * step);
};

/** The stretch of time that charts show, in nanoseconds. */
const shownTime = (frame) => {
  const end = Math.max(frame.elapsed_ns, 1e9);
  return [range ? Math.max(0, end - range * 1e9) : 0, range ? Math.max(end, Math.min(range, 60) * 1e9) : end];
};

class Chart {
  constructor(kind) {
    this.kind = kind;
    this.root = make('figure', 'panel');
    const caption = make('figcaption', '', kind.title);
    this.names = kind.lines.map((line) => make('span', `name ${line.look}`, line.name));
    this.at = make('span', 'at');
    caption.append(...this.names, this.at);
    this.svg = svg('svg', { role: 'img' });
    this.root.append(caption, this.svg);
    const point = (event) => {
      const box = this.svg.getBoundingClientRect();
      hovered = (event.clientX - box.left - LEFT) / Math.max(1, box.width - LEFT - RIGHT);
      if (hovered < 0 || hovered > 1) hovered = null;
      drawCharts();
    };
    this.svg.addEventListener('pointermove', point);
    this.svg.addEventListener('pointerleave', () => { hovered = null; drawCharts(); });
  }

  draw(frame) {
    const points = frame.points, [from, until] = shownTime(frame);
    const width = Math.max(240, this.svg.clientWidth || 600);
    const across = (ns) => LEFT + (ns - from) / (until - from) * (width - LEFT - RIGHT);
    const first = points.start_ns.findIndex((start, at) => start + points.length_ns[at] > from);
    const places = first < 0 ? [] : points.start_ns.map((_, at) => at).slice(first);
    const values = this.kind.lines.map((line) => places.map((at) => line.value(points, at)));
    const top = nice(Math.max(0, ...values.flat().map((value) => value || 0)));
    const up = (value) => HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM);
    const parts = [];
    for (const phase of frame.phases.filter((phase) => !phase.measured)) {
      const [x, end] = [phase.start_ns, phase.start_ns + phase.length_ns].map((ns) => across(Math.min(Math.max(ns, from), until)));
      if (end > x) parts.push(svg('rect', { class: 'aside', x: x.toFixed(1), y: TOP, width: (end - x).toFixed(1), height: HEIGHT - TOP - BOTTOM }));
    }
    for (const share of [0, 0.5, 1]) {
      const y = up(top * share).toFixed(1);
      parts.push(svg('line', { class: 'rule', x1: LEFT, x2: width - RIGHT, y1: y, y2: y }));
      parts.push(svg('text', { class: 'left', x: LEFT - 6, y: Number(y) + 4 }, share === 0 ? '0' : this.kind.unit(top * share)));
    }
    for (const ns of marks(from, until, width > 420 ? 6 : 4)) {
      const x = Math.min(across(ns), width - RIGHT - 12).toFixed(1);
      parts.push(svg('text', { class: 'below', x, y: HEIGHT - 6 }, clock(ns)));
    }
    this.kind.lines.forEach((line, number) => {
      let path = '', drawing = false;
      places.forEach((at, place) => {
        const value = values[number][place];
        if (value === null) { drawing = false; return; }
        const x = across(Math.max(from, points.start_ns[at] + points.length_ns[at] / 2)).toFixed(1);
        path += drawing ? `L${x} ${up(value).toFixed(1)}` : `M${x} ${up(value).toFixed(1)}h0`;
        drawing = true;
      });
      parts.push(svg('path', { class: line.look, d: path }));
    });
    this.label(frame, { places, values, from, until, across, parts });
    this.svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    this.svg.replaceChildren(...parts);
  }

  /** The values at the pointer, or the newest ones. */
  label(frame, { places, values, from, until, across, parts }) {
    const points = frame.points;
    let place = places.length - 1;
    if (hovered !== null && places.length) {
      const ns = from + (until - from) * hovered;
      const after = places.findIndex((at) => points.start_ns[at] > ns);
      place = after < 0 ? places.length - 1 : Math.max(0, after - 1);
      const at = places[place];
      const x = across(Math.max(from, points.start_ns[at] + points.length_ns[at] / 2)).toFixed(1);
      parts.push(svg('line', { class: 'cursor', x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }));
      this.at.textContent = `at ${clock(points.start_ns[at])}`;
    } else {
      this.at.textContent = '';
    }
    const said = this.kind.lines.map((line, number) => {
      const value = place < 0 ? null : values[number][place];
      return `${line.name} ${value === null ? NOTHING : this.kind.unit(value)}`;
    });
    said.forEach((text, number) => { this.names[number].textContent = text; });
    this.svg.setAttribute('aria-label', `${this.kind.title} over time: ${said.join(', ')}`);
  }
}

const charts = CHARTS.map((kind) => new Chart(kind));
id('charts').append(...charts.map((chart) => chart.root));
const drawCharts = () => { if (newest) charts.forEach((chart) => chart.draw(newest)); };

const figures = (frame) => {
  const { now, total } = frame;
  return [
    ['requests/s', rate(now.rate)], ['errors/s', rate(now.error_rate), now.error_rate > 0],
    ['users', count(now.users)], ['p50 now', time(now.response.p50_ns)],
    ['p95 now', time(now.response.p95_ns)], ['p99 now', time(now.response.p99_ns)],
    ['requests', count(total.requests)], ['errors', count(total.errors), total.errors > 0],
    ['p95 since start', time(total.response.p95_ns)],
    ['starts dropped', count(total.dropped), total.dropped > 0],
    ['start lag p99', time(now.lag_p99_ns)], ['generator cores', now.cpu.toFixed(2)],
  ];
};
const drawFigures = (frame) => id('figures').replaceChildren(...figures(frame).map(([name, value, bad]) => {
  const box = make('div', bad ? 'bad' : '');
  box.append(make('dt', '', name), make('dd', '', value));
  return box;
}));

const endpointRow = (row) => {
  const line = make('tr');
  const name = make('td', 'text', row.name);
  const where = [row.journey, row.step].filter((part) => part && part !== row.name).join(' · ');
  if (where) name.append(make('span', 'under', where));
  const cells = [
    [rate(row.recent_rate)], [time(row.recent.p50_ns)], [time(row.recent.p95_ns)],
    [time(row.recent.p99_ns)], [count(row.recent_errors), row.recent_errors > 0 ? 'bad' : ''],
    [count(row.requests), 'since'], [time(row.response.p50_ns)], [time(row.response.p95_ns)],
    [time(row.response.p99_ns)], [time(row.response.max_ns)],
    [count(row.errors), row.errors > 0 ? 'bad' : ''],
  ];
  line.append(name, ...cells.map(([text, look]) => make('td', look, text)));
  return line;
};
const errorRow = (error) => {
  const line = make('tr');
  line.append(make('td', '', clock(error.last_ns)), make('td', 'bad', error.kind),
    make('td', 'count', count(error.count)), make('td', 'text', error.endpoint),
    make('td', 'text', error.message === null ? NOTHING : error.message));
  return line;
};

const drawHead = (frame) => {
  const { subject, said } = frame;
  id('scenario').textContent = subject.scenario;
  const stage = id('stage');
  stage.textContent = said ? said.word : STAGES[frame.stage];
  stage.className = `state ${said ? said.tone : frame.stage === 'stopping' ? 'warn' : frame.stage}`;
  document.title = `${said ? said.word : STAGES[frame.stage]} · ${subject.scenario} · loadgate`;
  const phase = frame.phases[frame.phase];
  const left = frame.end_ns - frame.elapsed_ns;
  const where = frame.stage !== 'running' || !phase ? '' :
    `${phase.name}${phase.measured ? '' : ' (not measured)'}, ${phase.load}, ` +
    (left > 0 ? `${clock(left)} left` : 'waiting for journeys under way');
  id('about').textContent = [subject.target, subject.which, where].filter(Boolean).join(' · ');
  const share = frame.end_ns > 0 ? Math.min(100, frame.elapsed_ns / frame.end_ns * 100) : 0;
  id('bar').setAttribute('aria-valuenow', share.toFixed(0));
  id('bar').firstElementChild.style.width = `${share}%`;
  id('said').hidden = !said;
  if (said) {
    id('said').className = `said ${said.tone}`;
    id('word').textContent = said.word;
    id('sentence').textContent = said.sentence || '';
    id('reasons').replaceChildren(...said.reasons.map((reason) => make('li', '', reason)));
  }
};
const draw = () => {
  const frame = newest;
  if (!frame || document.hidden) return;
  drawHead(frame);
  drawFigures(frame);
  drawCharts();
  id('endpoints').replaceChildren(...frame.endpoints.map(endpointRow));
  const more = frame.endpoints_left_out;
  id('left-out').textContent = more ? `${count(more)} more stand in the report` : '';
  id('kinds').textContent = frame.kinds.map((kind) => `${kind.kind} ${count(kind.count)}`).join(', ') || 'none';
  id('errors-box').hidden = frame.errors.length === 0;
  id('errors').replaceChildren(...frame.errors.map(errorRow));
};

for (const button of document.querySelectorAll('button[data-range]')) {
  const mark = () => {
    for (const other of document.querySelectorAll('button[data-range]')) {
      other.setAttribute('aria-pressed', String(Number(other.dataset.range) === range));
    }
  };
  button.addEventListener('click', () => { range = Number(button.dataset.range); mark(); drawCharts(); });
  mark();
}
document.addEventListener('visibilitychange', draw);
addEventListener('resize', drawCharts);

const told = (text) => { id('told').textContent = text; };
const events = new EventSource('/events');
events.addEventListener('message', (event) => {
  newest = JSON.parse(event.data);
  told('');
  draw();
  if (newest.stage === 'ended') {
    events.close();
    told('The run has ended, and loadgate with it: this page stays as it is.');
  }
});
events.addEventListener('error', () => {
  if (newest && newest.stage === 'ended') return;
  told(events.readyState === EventSource.CLOSED ?
    'loadgate does not answer: too many windows look. Reload this page later.' :
    'No answer from loadgate: it has ended, or the connection is lost. Trying again.');
});
})();

// What the reader has chosen, and who draws it.

const state = {
	out: new Map(), // of each key the values that are filtered out
	colour: '', log: false, metric: D.metrics[0].id, setting: '', phase: 'decode', allBest: false,
	hidden: {}, // of each legend the families that are switched off
	words: '', sort: columns.findIndex((c) => c.csv === 'tokens_per_second'), direction: -1, all: false,
};
const drawn = new Map(); // chart by name
let chosen = D.rows, found = D.rows;

const visible = () => D.rows.filter((r) => differ.every((k) => !state.out.get(k)?.has(r.k[k])));

// legendOf names the legend that a chart listens to.
const legendOf = (name) => name.split('_')[0];

function drawChart(name, rows, more = {}) {
	const element = document.querySelector(`[data-chart=${name}]`);
	const hidden = state.hidden[legendOf(name)] ??= new Set();
	const chart = charts[name](rows, { ...state, hidden, ...more });
	const empty = chart.empty || (rows.length && chart.option.series.length + hidden.size ? '' : 'No result has this.');
	element.classList.toggle('empty', Boolean(empty));
	drawLegend(name, empty ? null : chart, hidden);
	if (empty) {
		drawn.get(name)?.dispose();
		drawn.delete(name);
		element.textContent = empty;
		element.style.height = '';
		return;
	}
	if (!drawn.has(name)) element.textContent = '';
	if (!chart.tall) element.style.height = `${Math.round(Math.max(chart.height, 130))}px`;
	let drawing = drawn.get(name);
	if (!drawing) {
		drawing = echarts.init(element);
		drawing.on('click', (p) => { if (p.data?.row !== undefined) choose(D.rows[p.data.row]); });
		drawn.set(name, drawing);
		keyboard(element, name);
	}
	drawing.resize();
	drawing.setOption(chart.option, { notMerge: true });
	element.setAttribute('role', 'application'); // which gets the arrow keys from a screen reader, too
	element.setAttribute('aria-roledescription', 'chart');
	element.setAttribute('tabindex', 0);
	element.setAttribute('aria-label', `${name.replace('_', ' over ')} of ${rows.length} results. Arrow keys go from mark to mark, Enter shows the result's machine.`);
	if (name === 'throughput') document.querySelector('.dots').hidden = chart.bars;
}

// drawLegend shows what the colours are; a click hides one. One alone needs no legend.
function drawLegend(name, chart, hidden) {
	const box = document.querySelector(`[data-legend=${legendOf(name)}]`);
	if (!box || (box.dataset.of ?? name) !== name) return; // charts that share one
	if (chart) box.dataset.of = name;
	else delete box.dataset.of;
	const shapes = ['<circle cx="6" cy="6" r="5"/>', '<rect x="1" y="1" width="10" height="10"/>', '<path d="M6 1L11 11L1 11Z"/>', '<path d="M6 0L12 6L6 12L0 6Z"/>',
		'<path d="M1 1L11 1L6 11Z"/>', '<path d="M6 0L12 5L10 12L2 12L0 5Z"/>'];
	const legend = chart?.legend ?? [];
	box.replaceChildren(...(legend.length > 1 ? legend : []).map((f) => {
		const button = element('button', {
			type: 'button', 'aria-pressed': String(!hidden.has(f.id)), onclick: () => {
				if (!hidden.delete(f.id)) hidden.add(f.id);
				draw(legendOf(name));
				[...box.children].find((b) => b.dataset.id === f.id)?.focus();
			}, 'data-id': f.id,
		});
		button.innerHTML = `<svg viewBox="0 0 12 12" aria-hidden="true" fill="${f.colour ?? shade(f.i, f.n)}">${shapes[chart.bars ? 1 : f.i % shapes.length]}</svg>`;
		button.append(f.name);
		return button;
	}));
}

// keyboard goes from mark to mark with the arrows, and says what each is.
function keyboard(element, name) {
	let here = -1;
	element.onkeydown = (event) => {
		const chart = drawn.get(name);
		const marks = chart.getOption().series.flatMap((s, seriesIndex) => (s.silent ? [] : s.data.map((d, dataIndex) => ({ seriesIndex, dataIndex, d }))));
		const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
		if (step && marks.length) {
			here = here < 0 && step < 0 ? marks.length - 1 : (here + step + marks.length) % marks.length;
			chart.dispatchAction({ type: 'showTip', seriesIndex: marks[here].seriesIndex, dataIndex: marks[here].dataIndex });
			$('live').innerHTML = marks[here].d.tip?.().replace(/<br>|<\/b>/g, ', ') ?? '';
		} else if (event.key === 'Escape') {
			chart.dispatchAction({ type: 'hideTip' });
		} else if (event.key === 'Enter' && marks[here]?.d.row !== undefined) {
			choose(D.rows[marks[here].d.row]);
		} else return;
		event.preventDefault();
	};
	element.onblur = () => { drawn.get(name)?.dispatchAction({ type: 'hideTip' }); here = -1; };
}

const bestOf = (rows) => front(rows).sort((a, b) => idOf(a, workloadKeys).localeCompare(idOf(b, workloadKeys), 'en', { numeric: true }) ||
	value(b, 'tokens_per_second') - value(a, 'tokens_per_second'));

// choose shows the machine of a result.
function choose(row) {
	state.setting = settingOf(row);
	draw('setting');
	$('live').textContent = `Shown below: ${nameOf(row, settingKeys)}`;
}

// sections draw what depends on the choices, by their name; legends have those of their section or chart.
const sections = {
	overview: drawTiles,
	throughput: () => drawChart('throughput', chosen),
	speedup: () => { drawChart('speedup_fp16', chosen); drawChart('speedup_uniform', chosen); },
	sensitivity() {
		const knobs = sensitivity(chosen, state.metric);
		drawChart('sensitivity', chosen, { knobs });
		drawKnobs(knobs);
	},
	front() {
		const best = bestOf(chosen);
		drawChart('front_energy', chosen, { best });
		drawChart('front_area', chosen, { best });
		drawBest(best, state.allBest);
	},
	setting: drawSetting,
	results: () => { found = drawTable(chosen, state, () => draw('results')); },
};
const partOf = { operators: 'setting', energy: 'setting', roofline: 'setting' };

function draw(...names) {
	chosen = visible();
	$('none').hidden = chosen.length > 0;
	$('count').textContent = `${chosen.length} of ${D.rows.length} results`;
	for (const name of names.length ? names : Object.keys(sections)) sections[partOf[name] ?? name]();
}

function drawTiles() {
	const tile = (title, row, id) => element('div', { class: 'tile' }, element('span', {}, title), element('b', {}, `${fmt(value(row, id))} ${D.metrics[at[id]].unit}`),
		element('span', {}, nameOf(row, differ) || scheduleOf(row)));
	const extreme = (id, sign) => fitting(chosen).filter((r) => value(r, id) !== null).reduce((a, b) => (a && sign * value(a, id) >= sign * value(b, id) ? a : b), null);
	const tiles = [['Fastest', 'tokens_per_second', 1], ['Least energy per token', 'energy_joules_per_token', -1], ['Highest speed-up over fp16', 'speedup_vs_fp16', 1],
		['Highest speed-up over uniform', 'speedup_vs_uniform', 1]].map(([title, id, sign]) => [title, extreme(id, sign), id]).filter(([, row]) => row);
	$('tiles').replaceChildren(...tiles.map(([title, row, id]) => tile(title, row, id)));
}

// drawSetting shows the schedules of one machine and workload: the one chosen, or that of the fastest result.
function drawSetting() {
	const settings = groupBy(chosen, settingOf);
	if (!settings.has(state.setting) && chosen.length) {
		const some = fitting(chosen).length ? fitting(chosen) : chosen;
		state.setting = settingOf(some.reduce((a, b) => (value(a, 'tokens_per_second') >= value(b, 'tokens_per_second') ? a : b)));
	}
	$('which').replaceChildren(...[...settings].map(([id, rows]) => element('option', { value: id, selected: id === state.setting }, nameOf(rows[0], settingKeys) || 'all results')));
	const rows = settings.get(state.setting) ?? [];
	document.querySelectorAll('[data-phase]').forEach((b) => b.setAttribute('aria-pressed', String(b.dataset.phase === state.phase)));
	$('operators-caption').textContent = state.phase === 'decode' ? 'Time of an output token by operator' : 'Time of prefill by operator';
	$('energy-caption').textContent = state.phase === 'decode' ? 'Energy of a token by part' : 'Energy of prefill by part';
	$('roofs').textContent = rows.length && !D.machines[rows[0].n].known ? '(this NPU is known by its fingerprint only: of its roofs there is the DRAM\'s)' : '';
	const sorted = [...rows].sort((a, b) => value(b, 'avg_weight_bits') - value(a, 'avg_weight_bits') || a.k[schedule] - b.k[schedule]);
	for (const name of ['operators', 'energy', 'roofline']) if (rows.length) drawChart(name, sorted);
	drawParents(sorted);
}

// drawFilters has a chip for each value: all are on; a click leaves one out, or takes it back.
function drawFilters() {
	$('filters').replaceChildren(...differ.map((k) => {
		const out = state.out.get(k) ?? new Set();
		state.out.set(k, out);
		return element('fieldset', { 'data-key': D.keys[k].name }, element('legend', {}, D.keys[k].name), element('div', { class: 'chips' }, ...D.keys[k].values.map(([v], i) =>
			element('button', {
				type: 'button', 'aria-pressed': String(!out.has(i)), 'data-value': v, onclick: (event) => {
					if (!out.delete(i)) out.add(i);
					event.currentTarget.setAttribute('aria-pressed', String(!out.has(i)));
					draw();
				},
			}, v || 'none'))));
	}));
}

function theme(name) {
	document.documentElement.dataset.theme = name;
	$('theme').textContent = name === 'dark' ? 'Light colours' : 'Dark colours';
}

function start() {
	const dark = matchMedia('(prefers-color-scheme: dark)');
	theme(dark.matches ? 'dark' : 'light');
	dark.onchange = () => { theme(dark.matches ? 'dark' : 'light'); draw(); };
	$('theme').onclick = () => { theme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'); draw(); };
	$('choices').open = !narrow();

	const strongest = sensitivity(D.rows, state.metric).find((k) => !k.keys.includes(schedule));
	const few = groupBy(D.rows, settingOf).size <= 6;
	const colours = [...(settingKeys.length && few ? [['setting', 'all that differs']] : []), ...settingKeys.map((k) => [D.keys[k].name, D.keys[k].name]), ...(rules < 0 ? [] : [['precision', 'precision']]), ['schedule', 'schedule']];
	state.colour = settingKeys.length && few ? 'setting' : strongest ? strongest.names[0] : colours[0][0];
	$('colour').replaceChildren(...colours.map(([v, text]) => element('option', { value: v, selected: v === state.colour }, text)));
	$('metric').replaceChildren(...D.metrics.filter((m) => m.better && D.rows.some((r) => value(r, m.id) !== null)).map((m) => element('option', { value: m.id }, m.name)));

	$('colour').onchange = (e) => { state.colour = e.target.value; state.hidden = {}; draw(); };
	$('log').onchange = (e) => { state.log = e.target.checked; draw(); };
	$('metric').onchange = (e) => { state.metric = e.target.value; draw('sensitivity'); };
	$('which').onchange = (e) => { state.setting = e.target.value; draw('setting'); };
	$('search').oninput = (e) => { state.words = e.target.value; draw('results'); };
	$('more').onclick = () => { state.all = true; draw('results'); };
	$('more-best').onclick = () => { state.allBest = true; draw('front'); };
	$('reset').onclick = () => { state.out.clear(); state.hidden = {}; drawFilters(); draw(); };
	$('csv').onclick = () => {
		const url = URL.createObjectURL(new Blob([csvOf(found)], { type: 'text/csv' }));
		element('a', { href: url, download: 'results.csv' }).click();
		URL.revokeObjectURL(url);
	};
	document.querySelectorAll('[data-phase]').forEach((b) => { b.onclick = () => { state.phase = b.dataset.phase; state.hidden = {}; draw('setting'); }; });
	for (const kind of ['click', 'keydown']) {
		document.addEventListener(kind, (event) => {
			const row = event.target.closest?.('tr[data-row]');
			if (!row || kind === 'keydown' && event.key !== 'Enter' || getSelection().toString()) return;
			choose(D.rows[row.dataset.row]);
			$('setting').scrollIntoView();
		});
	}
	let width = innerWidth;
	addEventListener('resize', () => { if (innerWidth !== width) { width = innerWidth; draw(); } });

	drawFilters();
	drawProvenance();
	draw();
	document.documentElement.dataset.ready = 'true';
	window.report = { rows: D.rows, metrics: D.metrics, front, sensitivity, visible, state, drawn }; // for the console, and the tests
}
start();

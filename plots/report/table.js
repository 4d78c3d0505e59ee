// The tables. A row of one that has data-row chooses the setting of that result.

function element(name, attributes = {}, ...children) {
	const e = document.createElement(name);
	for (const [k, v] of Object.entries(attributes)) {
		if (k.startsWith('on')) e.addEventListener(k.slice(2), v);
		else if (v !== false && v !== null && v !== undefined) e.setAttribute(k, v === true ? '' : v);
	}
	e.append(...children.filter((c) => c !== null && c !== undefined));
	return e;
}
const $ = (id) => document.getElementById(id);

// fill writes a table: heads are texts, or [text, class]; cells texts, elements, or [them, class].
function fill(table, heads, rows, attributes = () => ({})) {
	const cell = (kind, x, more = {}) => (Array.isArray(x) ? element(kind, { class: x[1], ...more }, x[0]) : element(kind, more, x));
	table.replaceChildren(
		element('thead', {}, element('tr', {}, ...heads.map((h) => cell('th', h, { scope: 'col' })))),
		element('tbody', {}, ...rows.map((cells, i) => element('tr', attributes(i), ...cells.map((c) => cell('td', c))))));
}
const numeric = (text) => [text, 'n'];

// columns of the table of all results.
const columns = [
	...differ.map((k) => ({ name: D.keys[k].name, text: (r) => D.keys[k].values[r.k[k]][0], order: (r) => r.k[k] })),
	...D.metrics.map((m) => ({ name: `${m.name}, ${m.unit}`, number: true, csv: m.id, of: (r) => value(r, m.id), text: (r) => fmt(value(r, m.id)), order: (r) => value(r, m.id) }))
		.filter((c) => D.rows.some((r) => c.of(r) !== null)),
	{ name: 'bound by', text: (r) => D.bounds[r.b] },
	{ name: 'fits its DRAM', text: (r) => (r.f ? 'yes' : 'no') },
	{ name: 'from', text: (r) => r.p },
];

// compare puts numbers in their order, texts in that of the alphabet, and what is missing last, whatever the direction.
function compare(column, direction) {
	const of = column.order ?? column.text;
	return (a, b) => {
		const x = of(a), y = of(b);
		if (x === null || y === null) return (x === null) - (y === null);
		return (x < y ? -1 : x > y ? 1 : 0) * direction || a.i - b.i;
	};
}

// matching are the rows with all the words.
function matching(rows, words) {
	const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
	return rows.filter((r) => {
		const text = columns.filter((c) => !c.number).map((c) => c.text(r)).join(' ').toLowerCase();
		return wanted.every((w) => text.includes(w));
	});
}

function drawTable(rows, state, redraw) {
	const found = matching(rows, state.words).sort(compare(columns[state.sort], state.direction));
	const shown = state.all ? found : found.slice(0, 100);
	const heads = columns.map((c, i) => {
		const sorted = i === state.sort;
		const press = () => {
			state.direction = sorted ? -state.direction : c.number ? -1 : 1; // of numbers the highest first
			state.sort = i;
			redraw();
			$('table').querySelectorAll('thead button')[i].focus();
		};
		const arrow = sorted ? (state.direction > 0 ? ' ▲' : ' ▼') : '';
		return element('th', { scope: 'col', class: c.number ? 'n' : null, 'aria-sort': sorted ? (state.direction > 0 ? 'ascending' : 'descending') : null },
			element('button', { type: 'button', onclick: press }, c.name + arrow));
	});
	fill($('table'), [], shown.map((r) => columns.map((c) => (c.number ? numeric(c.text(r)) : c.text(r)))), (i) => ({ 'data-row': shown[i].i, tabindex: 0 }));
	$('table').tHead.rows[0].replaceChildren(...heads);
	$('found').textContent = `${found.length} of ${D.rows.length}`;
	$('more').hidden = shown.length === found.length;
	$('more').textContent = `Show all ${found.length} rows`;
	return found;
}

// csvOf writes rows as RFC 4180 has it, in the units of the table. A text that a spreadsheet would take as a formula gets an
// apostrophe in front (sim/unit/sheet).
function csvOf(rows) {
	const safe = (v) => (typeof v === 'string' && /^[=+\-@\t\r\n＝＋－＠]/.test(v) && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(v) ? `'${v}` : String(v));
	const quote = (v) => (/[",\r\n]/.test(safe(v)) ? `"${safe(v).replaceAll('"', '""')}"` : safe(v));
	const lines = [columns.map((c) => c.name), ...rows.map((r) => columns.map((c) => (c.number ? c.of(r) ?? '' : c.text(r))))];
	return lines.map((cells) => `${cells.map(quote).join(',')}\r\n`).join('');
}

function drawKnobs(knobs) {
	fill($('knobs'), knobs.length ? ['knob', numeric('highest over lowest, median'), numeric('range'), numeric('groups'), numeric('results in none'), 'lowest to highest'] : [],
		knobs.map((k) => [k.names.join(', '), numeric(`×${fmt(k.swing)}`), numeric(`×${fmt(k.least)} to ×${fmt(k.most)}`), numeric(String(k.groups)),
			numeric(String(k.unused)), [[...k.effects].sort((a, b) => a.median - b.median).map((e) => e.value).join(' < '), 'wide']]));
}

// drawBest numbers the front, and says what each is the best in.
function drawBest(best, all) {
	const tags = new Map(best.map((r) => [r.i, []]));
	for (const some of groupBy(best, (r) => idOf(r, workloadKeys)).values()) {
		for (const [id, text] of [['tokens_per_second', 'fastest'], ['energy_joules_per_token', 'least energy'], ['area_mm2', 'smallest']]) {
			const sign = D.metrics[at[id]].better;
			const top = Math.max(...some.map((r) => sign * value(r, id)));
			const winners = some.filter((r) => sign * value(r, id) === top);
			if (winners.length < some.length || some.length === 1) winners.forEach((r) => tags.get(r.i).push(text));
		}
	}
	const shown = all ? best : best.slice(0, 12);
	fill($('best'), [numeric('#'), ...(workloadKeys.length ? ['workload'] : []), 'design', numeric('tokens/s'), numeric('× fp16'), numeric('mJ/token'), numeric('mm²'), ''],
		shown.map((r, i) => [numeric(String(i + 1)), ...(workloadKeys.length ? [nameOf(r, workloadKeys)] : []), [nameOf(r, designKeys) || scheduleOf(r), 'wide'],
			...['tokens_per_second', 'speedup_vs_fp16', 'energy_joules_per_token', 'area_mm2'].map((id) => numeric(fmt(value(r, id)))),
			element('span', {}, ...tags.get(r.i).map((t) => element('span', { class: 'tag' }, t)))]),
		(i) => ({ 'data-row': shown[i].i, tabindex: 0 }));
	$('more-best').hidden = shown.length === best.length;
	$('more-best').textContent = `Show all ${best.length}`;
}

function drawParents(rows) {
	fill($('parents'), ['schedule', 'stands in', 'NPU', 'simulated by', 'trace'], rows.map((r) => [scheduleOf(r), [element('code', {}, r.p), 'wide'],
		`${D.machines[r.n].name} ${D.machines[r.n].fingerprint.slice(0, 12)}`, D.versions[r.v], r.t < 0 ? 'none: the schedule needs none' : D.traces[r.t].slice(0, 12)]));
}

// drawProvenance is drawn once: filters do not change where results are from.
function drawProvenance() {
	const count = (of) => [...groupBy(D.rows, of)].sort((a, b) => a[0] - b[0]);
	const results = (n) => `${n} result${n === 1 ? '' : 's'}`;
	$('versions').append(...count((r) => r.v).map(([v, rows]) => element('li', {}, `${D.versions[v] || 'unknown'}: ${results(rows.length)}`)));
	$('traces').append(...count((r) => r.t).map(([t, rows]) => element('li', {}, t < 0 ? 'none' : element('code', {}, D.traces[t]), `: ${results(rows.length)}`)));
	fill($('machines'), ['NPU', 'fingerprint of its configuration', numeric('results'), 'what differs'], [...groupBy(D.rows, (r) => D.machines[r.n].name)].flatMap(machineRows));
	$('settings').hidden = !D.settings.length;
	$('settings').firstChild.textContent = D.machines.length > 1 ? 'What they have in common' : 'Its configuration';
	fill($('settings').querySelector('table'), ['key', 'value'], D.settings.map(([k, v]) => [element('code', {}, k), [v, 'wide']]));
}

// machineRows are the NPUs of one name: first what they have in common and other NPUs have not, then what is each one's own.
function machineRows([name, rows]) {
	const groups = [...groupBy(rows, (r) => r.n)].map(([n, some]) => [D.machines[n], some.length]);
	const own = (key) => new Set(groups.map(([m]) => m.differs.find(([k]) => k === key)?.[1])).size > 1;
	const text = (differs) => [differs.map(([k, v]) => `${k} ${v}`).join(', '), 'wide'];
	const one = ([m, n], label, differs) => [label, element('code', {}, m.fingerprint), numeric(String(n)), m.known ? text(differs) : ['not known: results name a fingerprint only', 'wide']];
	if (groups.length === 1) return [one(groups[0], name, groups[0][0].differs)];
	const shared = groups[0][0].differs.filter(([k]) => !own(k));
	return [[element('b', {}, name), `${groups.length} of them`, numeric(String(rows.length)), text(shared)], ...groups.map((g) => one(g, '', g[0].differs.filter(([k]) => own(k))))];
}

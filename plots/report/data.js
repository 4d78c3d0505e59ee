// Numbers only: what is chosen, what none beats, what one knob does. Nothing here knows of a page.

const D = JSON.parse(document.getElementById('data').textContent);
D.rows.forEach((row, i) => { row.i = i; });

const schedule = D.keys.length - 1; // the last key
const rules = schedule > 0 && D.keys[schedule - 1].name === 'precision' ? schedule - 1 : -1; // of precision, which schedules are told without
const at = Object.fromEntries(D.metrics.map((m, i) => [m.id, i]));
const value = (row, id) => row.m[at[id]];
const keyText = (row, k) => D.keys[k].values[row.k[k]][1];
const differ = D.keys.map((key, i) => i).filter((i) => D.keys[i].values.length > 1);

// nameOf joins the texts of some keys; those that a result does not have are empty. Rules stand behind their schedule.
const nameOf = (row, keys) => keys.map((k) => (!keys.includes(schedule) ? keyText(row, k) : k === schedule ? scheduleOf(row) : k === rules ? '' : keyText(row, k)))
	.filter(Boolean).join(', ');
const WORKLOAD = 1;
const workloadKeys = differ.filter((k) => D.keys[k].role === WORKLOAD);
const designKeys = differ.filter((k) => D.keys[k].role !== WORKLOAD);
const settingKeys = differ.filter((k) => k !== schedule && k !== rules);
const idOf = (row, keys) => keys.map((k) => row.k[k]).join(' ');
const settingOf = (row) => idOf(row, settingKeys);
const rulesOf = (row) => (rules < 0 ? '' : keyText(row, rules));
const scheduleOf = (row) => [D.keys[schedule].values[row.k[schedule]][0], rulesOf(row)].filter(Boolean).join(';');

function groupBy(rows, of) {
	const groups = new Map();
	for (const row of rows) {
		const id = of(row);
		if (!groups.has(id)) groups.set(id, []);
		groups.get(id).push(row);
	}
	return groups;
}

function median(values) {
	const s = [...values].sort((a, b) => a - b), n = s.length;
	return (s[(n - 1) >> 1] + s[n >> 1]) / 2;
}

// fitting are the results whose DRAM holds them: the others are shown, and are no design.
const fitting = (rows) => rows.filter((r) => r.f);

// front is what no other result of the same workload beats in all of some metrics (front.go).
function front(rows, metrics = ['tokens_per_second', 'energy_joules_per_token', 'area_mm2']) {
	const signs = metrics.map((id) => D.metrics[at[id]].better);
	const beats = (a, b) => {
		let better = false;
		for (let i = 0; i < metrics.length; i++) {
			const d = signs[i] * (value(a, metrics[i]) - value(b, metrics[i]));
			if (d < 0) return false;
			better ||= d > 0;
		}
		return better;
	};
	const best = [];
	for (const rivals of groupBy(fitting(rows), (r) => idOf(r, workloadKeys)).values()) {
		best.push(...rivals.filter((row) => !rivals.some((other) => beats(other, row))));
	}
	return best;
}

// sensitivity is what each knob does to a metric, all else equal (sensitivity.go).
function sensitivity(rows, metric) {
	rows = fitting(rows);
	const knobs = turning(rows).map((t) => measure(t, rows, metric)).filter(Boolean);
	return knobs.sort((a, b) => a.role - b.role || b.swing - a.swing);
}

// turning joins keys that split the results alike: what always changes together cannot be told apart.
function turning(rows) {
	const turns = [], seen = new Map();
	for (const k of differ) {
		const number = new Map();
		const split = rows.map((row) => number.get(row.k[k]) ?? number.set(row.k[k], number.size).get(row.k[k])).join(' ');
		if (number.size < 2) continue;
		const same = seen.get(split);
		if (same) {
			same.keys.push(k);
			same.role = Math.max(same.role, D.keys[k].role);
			continue;
		}
		const t = { keys: [k], role: D.keys[k].role };
		seen.set(split, t);
		turns.push(t);
	}
	return turns;
}

function measure(t, rows, metric) {
	const of = (row) => t.keys.map((k) => D.keys[k].values[row.k[k]][0]).join(', ');
	const rest = D.keys.map((key, k) => k).filter((k) => !t.keys.includes(k));
	const groups = [], order = new Map();
	for (const some of groupBy(rows.filter((r) => value(r, metric) > 0), (r) => idOf(r, rest)).values()) {
		groups.push(new Map(some.map((r) => [of(r), value(r, metric)])));
		for (const r of some) order.set(of(r), r.k[t.keys[0]]);
	}
	const values = common(groups).sort((a, b) => order.get(a) - order.get(b));
	if (values.length < 2) return null;
	const whole = groups.filter((g) => values.every((v) => g.has(v)));
	const swings = [], ratios = values.map(() => []);
	for (const g of whole) {
		const n = values.map((v) => g.get(v));
		const mean = Math.exp(n.reduce((sum, x) => sum + Math.log(x), 0) / n.length);
		swings.push(Math.max(...n) / Math.min(...n));
		n.forEach((x, i) => ratios[i].push(x / mean));
	}
	const spread = (all) => ({ median: median(all), least: Math.min(...all), most: Math.max(...all) });
	const s = spread(swings);
	return {
		keys: t.keys, names: t.keys.map((k) => D.keys[k].name), role: t.role, groups: whole.length, unused: rows.length - whole.length * values.length,
		swing: s.median, least: s.least, most: s.most, effects: values.map((v, i) => ({ value: v, ...spread(ratios[i]) })),
	};
}

// common are the values of one group, with the most results in groups that have all of them.
function common(groups) {
	let best = [], most = 0;
	for (const g of groups) {
		if (g.size < 2 || g.size === best.length && best.every((v) => g.has(v))) continue;
		const values = [...g.keys()];
		const n = values.length * groups.filter((other) => values.every((v) => other.has(v))).length;
		if (n > most) [best, most] = [values, n];
	}
	return best;
}

// fold joins parts of bars that could not be seen, or told apart: [name, values of each bar], the largest kept in their order.
function fold(parts, most = 8) {
	const totals = parts[0]?.[1].map((_, bar) => parts.reduce((sum, p) => sum + p[1][bar], 0)) ?? [];
	const share = (p) => Math.max(...p[1].map((v, bar) => v / totals[bar] || 0));
	const ranked = parts.filter((p) => share(p) >= 0.01).sort((a, b) => share(b) - share(a)).slice(0, most);
	const kept = parts.filter((p) => ranked.includes(p));
	const rest = totals.map((total, bar) => total - kept.reduce((sum, p) => sum + p[1][bar], 0));
	if (kept.length < parts.length && rest.some((v) => v > 0)) kept.push(['other', rest]);
	return kept;
}

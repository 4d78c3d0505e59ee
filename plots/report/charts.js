// One function for each chart: from results to what ECharts draws.

const escaped = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const probe = document.getElementById('live');
const css = (name) => { // of the theme, as a canvas takes it
	probe.style.color = `var(--${name})`;
	return getComputedStyle(probe).color;
};
const narrow = () => innerWidth <= 860;

// fmt writes a number with about four digits.
function fmt(v) {
	if (v === null || v === undefined) return '';
	const a = Math.abs(v);
	if (a >= 1e6) return `${(v / 1e6).toFixed(a >= 1e8 ? 0 : 1)}M`;
	if (a === 0) return '0';
	if (a >= 0.01) return v.toFixed(a >= 1000 ? 0 : a >= 100 ? 1 : a >= 10 ? 2 : 3);
	return v.toPrecision(3);
}
const tick = (v) => (v >= 1e6 ? `${v / 1e6}M` : v >= 1e4 ? `${v / 1e3}k` : String(+v.toPrecision(6)));

// shade is the colour of the i-th of n: of those of the figures, without those that the page's ground would swallow.
function shade(i, n) {
	const [from, to] = document.documentElement.dataset.theme === 'dark' ? [0.36, 1] : [0, 0.78];
	const x = (from + (to - from) * (n > 1 ? i / (n - 1) : 0.4)) * (D.palette.length - 1);
	const low = Math.min(Math.floor(x), D.palette.length - 2);
	const part = (colour, at) => parseInt(colour.slice(at, at + 2), 16);
	const mix = (at) => Math.round(part(D.palette[low], at) + (x - low) * (part(D.palette[low + 1], at) - part(D.palette[low], at)));
	return `rgb(${mix(1)},${mix(3)},${mix(5)})`;
}
// apart shades parts that lie side by side: neighbours are half of the colours away from each other.
const apart = (i, n) => shade(i % 2 ? (i - 1) / 2 + Math.ceil(n / 2) : i / 2, n);
const inkOn = (colour) => { // luma of ITU-R BT.601
	const [r, g, b] = colour.match(/\d+/g).map(Number);
	return 299 * r + 587 * g + 114 * b > 128000 ? '#000' : '#fff';
};
const symbols = ['circle', 'rect', 'triangle', 'diamond', 'path://M0,0L10,0L5,10Z', 'path://M5,0L10,4L8,10L2,10L0,4Z'];
const symbolOf = (i) => symbols[i % symbols.length];

// base is what all charts share.
const base = () => ({
	animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: css('ink') },
	grid: { left: 8, right: 24, top: 12, bottom: 8, outerBoundsMode: 'same', outerBoundsContain: 'all' },
	tooltip: {
		confine: true, className: 'tip', backgroundColor: css('card'), borderColor: css('line'), textStyle: { color: css('ink'), fontSize: 13 },
		formatter: (p) => (p.data.tip ? p.data.tip() : ''),
	},
});

// axis is one of numbers; a logarithmic one has ticks at 1, 2 and 5, or in decades where these are many.
function axis(name, values, log, more = {}) {
	const a = {
		type: 'value', name, nameLocation: 'middle', nameTextStyle: { color: css('soft') }, axisLabel: { color: css('soft'), hideOverlap: true, formatter: tick },
		splitLine: { lineStyle: { color: css('grid') } }, axisLine: { show: false }, axisTick: { show: false }, ...more,
	};
	const positive = values.filter((v) => v > 0); // others have no place on a logarithmic one
	if (!log || !positive.length) return a;
	const low = Math.min(...positive) / 1.25, high = Math.max(...positive) * 1.25;
	let steps = [];
	for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++) steps.push(...[1, 2, 5].map((m) => +(m * 10 ** e).toPrecision(1)));
	steps = steps.filter((v) => v >= low && v <= high);
	if (steps.length > 8) steps = steps.filter((v) => Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9);
	return { ...a, type: 'log', min: low, max: high, axisLabel: { ...a.axisLabel, customValues: steps }, axisTick: { show: false, customValues: steps } };
}
const categories = (names, more = {}) => ({
	type: 'category', inverse: true, data: names, axisLine: { lineStyle: { color: css('line') } }, axisTick: { show: false }, ...more,
	axisLabel: { color: css('ink'), width: Math.min(narrow() ? 92 : 190, 7 * Math.max(0, ...names.map((n) => n.length))), overflow: 'break', interval: 0, fontSize: narrow() ? 11 : 12, lineHeight: 14, ...more.axisLabel },
});

// skin is how the mark of a result looks: hollow where its DRAM does not hold it.
const skin = (row, colour, more = {}) => (row.f ? { color: colour, ...more } : { color: 'transparent', ...more, borderColor: colour, borderWidth: 1.5, opacity: 1 });

// tip is what is said of a result: the numbers of the chart first, its parent last.
const tip = (row, lines) => () => `<b>${escaped(scheduleOf(row))}</b>${escaped(nameOf(row, settingKeys))}<br>${lines.map(escaped).join('<br>')}` +
	`${row.f ? '' : '<br>does not fit its DRAM'}<br><i>${escaped(row.p)}</i>`;
const said = (row, id) => {
	const m = D.metrics[at[id]];
	return `${m.name}: ${fmt(value(row, id))} ${m.unit}`;
};

// families are the results by what colours tell apart; a family keeps its colour whatever is filtered.
function families(rows, choice) {
	if (choice.colour === 'setting') {
		const groups = groupBy(rows, settingOf);
		return [...groups.values()].map((some, i) => ({ id: settingOf(some[0]), name: nameOf(some[0], settingKeys) || 'all', rows: some, i, n: groups.size }));
	}
	const k = D.keys.findIndex((key) => key.name === choice.colour);
	if (k < 0) return [{ id: '', name: 'all results', rows, i: 0, n: 1 }];
	const groups = groupBy(rows, (r) => r.k[k]);
	return D.keys[k].values.map((v, i) => ({ id: String(i), name: v[1] || 'none', rows: groups.get(i) ?? [], i, n: D.keys[k].values.length }))
		.filter((f) => f.rows.length);
}

// bySchedule has a row for each schedule, and in it a lane for each family: bars where a lane has but one result, else marks.
function bySchedule(rows, choice, id, unit) {
	rows = rows.filter((r) => value(r, id) !== null);
	const groups = [...groupBy(rows, scheduleOf)].sort((a, b) => meanBits(b[1]) - meanBits(a[1]) || a[1][0].k[schedule] - b[1][0].k[schedule]);
	const line = new Map(groups.map(([k], i) => [k, i]));
	const all = families(rows, choice), shown = all.filter((f) => !choice.hidden.has(f.id));
	const bars = !choice.log && rows.length <= 60 && all.every((f) => groupBy(f.rows, scheduleOf).size === f.rows.length);
	const lanes = ['schedule', 'precision'].includes(choice.colour) ? 1 : Math.max(shown.length, 1); // a schedule's row needs none for the others
	const lane = Math.max(bars ? 13 : 11, 28 / lanes);
	const values = rows.map((r) => value(r, id));
	const series = shown.flatMap((f, order) => {
		const colour = shade(f.i, f.n), offset = lanes > 1 ? (order - (lanes - 1) / 2) * lane : 0;
		const item = (r) => ({ value: [value(r, id), line.get(scheduleOf(r))], row: r.i, tip: tip(r, [said(r, id), said(r, 'avg_weight_bits')]), ...(r.f ? {} : { itemStyle: skin(r, colour) }) });
		if (bars) {
			return [{
				type: 'bar', name: f.name, barWidth: lane - 2, barGap: lanes > 1 ? `${200 / (lane - 2)}%` : '-100%', itemStyle: { color: colour, borderRadius: [0, 3, 3, 0] }, data: f.rows.map(item),
				label: { show: true, position: 'right', color: css('ink'), fontSize: 11, formatter: (p) => fmt(p.data.value[0]) },
			}];
		}
		const middles = [...groupBy(f.rows, scheduleOf)].map(([k, some]) => {
			const v = median(some.map((r) => value(r, id)));
			return {
				value: [v, line.get(k)],
				tip: () => `<b>${escaped(k)}</b>${escaped(f.name)}<br>median of ${some.length}: ${fmt(v)} ${unit}`,
			};
		});
		return [{
			type: 'scatter', name: f.name, symbol: symbolOf(f.i), symbolSize: 8, symbolOffset: [0, offset], large: false,
			itemStyle: { color: colour, opacity: 0.55 }, emphasis: { itemStyle: { opacity: 1 } }, data: f.rows.map(item),
		}, {
			type: 'scatter', name: `${f.name}, median`, symbol: 'rect', symbolSize: [4, lane + 2], symbolOffset: [0, offset],
			itemStyle: { color: colour, borderColor: css('card'), borderWidth: 1 }, data: middles, z: 3,
		}];
	});
	const names = groups.map(([k]) => k);
	return {
		height: 64 + names.length * (lanes * lane + 14), legend: all, bars,
		option: { ...base(), xAxis: axis(unit, values, choice.log, { nameGap: 26 }), yAxis: categories(names), series },
	};
}
const meanBits = (rows) => rows.reduce((sum, r) => sum + value(r, 'avg_weight_bits'), 0) / rows.length;

// endsFirst has the lowest and the highest in front: where there is no room for all names, theirs stay.
function endsFirst(effects) {
	const sorted = [...effects].sort((a, b) => a.median - b.median);
	return sorted.length > 2 ? [sorted[0], sorted.at(-1), ...sorted.slice(1, -1)] : sorted;
}

const charts = {
	throughput: (rows, choice) => bySchedule(rows, choice, 'tokens_per_second', 'tokens/s'),
	speedup_fp16: (rows, choice) => bySchedule(rows, choice, 'speedup_vs_fp16', '× fp16'),
	speedup_uniform: (rows, choice) => bySchedule(rows, choice, 'speedup_vs_uniform', '× uniform'),
	front_energy: (rows, choice) => against(rows, choice, 'energy_joules_per_token'),
	front_area(rows, choice) {
		const chart = against(rows, choice, 'area_mm2');
		if (new Set(rows.map((r) => value(r, 'area_mm2'))).size < 2) chart.empty = 'All these results have the same area.';
		return chart;
	},

	sensitivity(rows, { knobs }) {
		const names = knobs.map((k) => k.names.join(', ') + (k.role === WORKLOAD ? ' (workload)' : ''));
		const ratios = knobs.flatMap((k) => k.effects.flatMap((e) => [e.least, e.most]));
		const many = Math.max(0, ...knobs.map((k) => k.effects.length));
		const x = (v) => `×${fmt(v)}`;
		const colour = (k) => (k.role === WORKLOAD ? css('soft') : css('on'));
		const about = (k) => `<b>${escaped(k.names.join(', '))}</b>median of the highest over the lowest: ${x(k.swing)}<br>range: ${x(k.least)} to ${x(k.most)}<br>${k.groups} groups`;
		const range = {
			type: 'custom', encode: { x: [1, 2, 3, 4], y: 0 }, z: 1,
			data: knobs.map((k, i) => {
				const medians = k.effects.map((e) => e.median);
				return { value: [i, Math.min(...k.effects.map((e) => e.least)), Math.min(...medians), Math.max(...medians), Math.max(...k.effects.map((e) => e.most))], tip: () => about(k) };
			}),
			renderItem(params, api) {
				const [least, low, high, most] = [1, 2, 3, 4].map((d) => api.coord([api.value(d), api.value(0)]));
				const fill = colour(knobs[params.dataIndex]);
				return {
					type: 'group', children: [
						{ type: 'rect', shape: { x: least[0], y: least[1] - 1, width: most[0] - least[0], height: 2 }, style: { fill } },
						{ type: 'rect', shape: { x: low[0], y: low[1] - 9, width: Math.max(high[0] - low[0], 1), height: 18, r: 3 }, style: { fill, opacity: 0.28 } }],
				};
			},
		};
		const effects = {
			type: 'scatter', symbolSize: 9, z: 3, labelLayout: { hideOverlap: true },
			data: knobs.flatMap((k, i) => endsFirst(k.effects).map((e) => ({
				value: [e.median, i], itemStyle: { color: colour(k) }, label: { show: true, position: 'top', distance: 6, color: css('ink'), fontSize: 11, formatter: () => e.value },
				tip: () => `<b>${escaped(k.names.join(', '))} ${escaped(e.value)}</b>median ${x(e.median)} of the group's mean<br>range: ${x(e.least)} to ${x(e.most)}<br>${k.groups} groups`,
			}))),
		};
		const xAxis = axis('over the mean of the group', ratios.length ? [...ratios, 1] : [1], true, { nameGap: 26 });
		xAxis.axisLabel.formatter = (v) => `×${tick(v)}`;
		return {
			height: 64 + knobs.length * (many > 0 ? 44 : 30), empty: knobs.length ? '' : 'No knob turns alone: no two of these results are alike in all but one thing.',
			option: { ...base(), xAxis, yAxis: categories(names), series: [range, effects] },
		};
	},

	operators(rows, choice) {
		const per = choice.phase === 'decode' ? (r) => r.passes : () => 1;
		return stacks(rows, choice, D.operators, (r) => r[choice.phase].o.map((o) => [o[0], 1e3 * o[1] / per(r)]), choice.phase === 'decode' ? 'ms per output token' : 'ms');
	},
	energy(rows, choice) {
		const per = choice.phase === 'decode' ? (r) => r.tokens : () => 1;
		const some = rows.filter((r) => r[choice.phase].e.length);
		const chart = stacks(some, choice, D.parts, (r) => r[choice.phase].e.map((e) => [e[0], 1e3 * e[1] / per(r)]), choice.phase === 'decode' ? 'mJ per token' : 'mJ');
		if (!some.length) chart.empty = 'These results have no parts of energy: run with --breakdown has them, and so has every sweep.';
		return chart;
	},

	roofline(rows, choice) {
		const machine = D.machines[rows[0].n], all = rows.map((r, i) => ({ id: scheduleOf(r), name: scheduleOf(r), rows: [r], i, n: rows.length }));
		const points = (r) => r[choice.phase].o.filter((o) => o[5] > 0 && o[6] > 0).map((o) => {
			const seconds = Math.max(o[1], o[2], o[4]);
			return {
				value: [o[5] / o[6], o[5] / seconds / 1e9], row: r.i, name: D.operators[o[0]],
				tip: () => `<b>${escaped(D.operators[o[0]])}</b>${escaped(scheduleOf(r))}<br>${fmt(o[5] / o[6])} MACs/B, ${fmt(o[5] / seconds / 1e9)} GMAC/s<br>` +
					`bound by ${escaped(D.bounds[o[7]])}; of ${fmt(1e3 * o[1])} ms in all<br><i>${escaped(r.p)}</i>`,
			};
		});
		const series = all.filter((f) => !choice.hidden.has(f.id)).map((f) => ({
			type: 'scatter', name: f.name, symbol: symbolOf(f.i), symbolSize: 10, itemStyle: skin(f.rows[0], shade(f.i, f.n), { opacity: 0.85 }), z: 3, data: points(f.rows[0]),
			label: { show: !narrow(), position: 'right', formatter: (p) => p.data.name, fontSize: 11, color: css('soft') }, labelLayout: { hideOverlap: true },
		}));
		const marks = series.flatMap((s) => s.data.map((p) => p.value));
		if (!marks.length) return { empty: 'No operator of this phase multiplies and moves bytes.', legend: all, option: { series: [] } };
		const bandwidth = (machine.bandwidth || peakOf(rows)) / 1e9;
		const roofs = machine.roofs.map(([bits, rate]) => [bits, rate / 1e9]);
		const left = Math.min(...marks.map((p) => p[0])) / 2;
		const right = 2 * Math.max(...marks.map((p) => p[0]), ...roofs.map(([, rate]) => rate / bandwidth));
		const lines = roofLines(roofs, bandwidth, left, right);
		return {
			legend: all, tall: true,
			option: {
				...base(), grid: { ...base().grid, top: 20, right: 32 }, series: [...lines, ...series],
				xAxis: axis('MACs per byte', [left, right], true, { nameGap: 26 }),
				yAxis: axis('GMAC/s', [...marks.map((p) => p[1]), ...lines.flatMap((l) => l.data.map((p) => p.value[1]))], true, { nameGap: 44 }),
			},
		};
	},
};

// peakOf is the DRAM's peak as the operators tell it: their bytes, over the seconds that these take at it.
const peakOf = (rows) => {
	const o = rows.flatMap((r) => [...r.decode.o, ...r.prefill.o]).reduce((a, b) => (b[6] > a[6] ? b : a));
	return o[6] / o[4];
};

// roofLines are one line for each rate of the array; widths that it does equally fast share one. Without rates there is the DRAM's.
function roofLines(roofs, bandwidth, left, right) {
	const names = new Map();
	for (const [bits, rate] of roofs) names.set(rate, [...(names.get(rate) ?? []), bits]);
	const line = (name, points) => ({
		type: 'line', name, symbol: 'circle', symbolSize: 5, showSymbol: true, lineStyle: { color: css('soft'), width: 1.5 }, itemStyle: { color: css('soft') }, z: 1,
		data: points.map((p, i) => ({
			value: p, tip: () => `<b>roof: ${escaped(name)}</b>${fmt(p[1])} GMAC/s at ${fmt(p[0])} MACs/B`,
			label: i === points.length - 1 ? { show: true, position: 'top', align: 'right', formatter: name, color: css('soft'), fontSize: 11 } : { show: false },
		})),
	});
	if (!names.size) return [line(`DRAM, ${fmt(bandwidth)} GB/s`, [[left, left * bandwidth], [right, right * bandwidth]])];
	return [...names].map(([rate, bits]) => line(`${bits.join(', ')}-bit weights`,
		[[left, Math.min(left * bandwidth, rate)], [Math.max(rate / bandwidth, left), rate], [right, rate]]));
}

// stacks has a bar for each schedule of a setting.
function stacks(rows, choice, names, partsOf, unit) {
	const parts = names.map((name) => [name, rows.map(() => 0)]);
	rows.forEach((r, bar) => partsOf(r).forEach(([part, v]) => { parts[part][1][bar] += v; }));
	const kept = fold(parts.filter((p) => p[1].some((v) => v > 0)));
	const all = kept.map(([name], i) => ({ id: name, name, i, n: kept.length, colour: apart(i, kept.length) }));
	const totals = rows.map((r, bar) => kept.reduce((sum, p) => sum + (choice.hidden.has(p[0]) ? 0 : p[1][bar]), 0));
	const series = kept.map(([name, values], i) => ({
		type: 'bar', name, stack: 'parts', barMaxWidth: 30, itemStyle: { color: all[i].colour, borderColor: css('card'), borderWidth: 1 },
		data: values.map((v, bar) => ({
			value: v, row: rows[bar].i, ...(rows[bar].f ? {} : { itemStyle: skin(rows[bar], all[i].colour) }),
			tip: () => `<b>${escaped(name)}</b>${escaped(scheduleOf(rows[bar]))}<br>${fmt(v)} ${unit}, ${(100 * v / totals[bar]).toFixed(1)} % of what is shown<br><i>${escaped(rows[bar].p)}</i>`,
			label: { show: v > 0.12 * Math.max(...totals) && !narrow(), formatter: name, color: rows[bar].f ? inkOn(all[i].colour) : css('ink'), fontSize: 11, overflow: 'truncate' },
		})),
	})).filter((s) => !choice.hidden.has(s.name));
	series.push({
		type: 'scatter', silent: true, symbolSize: 0, data: totals.map((v, bar) => [v, bar]),
		label: { show: true, position: 'right', formatter: (p) => fmt(p.value[0]), color: css('ink'), fontSize: 12 },
	});
	return {
		height: 64 + rows.length * 40, legend: all, bars: true, empty: parts.some((p) => p[1].some((v) => v > 0)) ? '' : 'These results do not tell.',
		option: { ...base(), grid: { ...base().grid, right: 52 }, xAxis: axis(unit, totals, false, { nameGap: 26 }), yAxis: categories(rows.map(scheduleOf)), series },
	};
}

// against is throughput over one of its costs.
function against(rows, choice, cost) {
	const best = new Map(choice.best.map((r, i) => [r.i, i + 1]));
	const all = families(rows, choice);
	const numbers = best.size <= 40 && !narrow();
	const series = all.filter((f) => !choice.hidden.has(f.id)).map((f) => ({
		type: 'scatter', name: f.name, symbol: symbolOf(f.i), z: 3, labelLayout: { hideOverlap: true },
		data: f.rows.map((r) => ({
			value: [value(r, cost), value(r, 'tokens_per_second')], row: r.i,
			tip: tip(r, [said(r, 'tokens_per_second'), said(r, 'energy_joules_per_token'), said(r, 'area_mm2'), ...(best.has(r.i) ? [`number ${best.get(r.i)} of the best`] : [])]),
			symbolSize: best.has(r.i) ? 11 : 7, itemStyle: skin(r, shade(f.i, f.n), { opacity: best.has(r.i) ? 1 : 0.35, borderColor: css('ink'), borderWidth: best.has(r.i) ? 1 : 0 }),
			label: { show: numbers && best.has(r.i), formatter: String(best.get(r.i) ?? ''), position: 'top', distance: 3, fontSize: 11, color: css('ink') },
		})),
	}));
	for (const some of groupBy(rows, (r) => idOf(r, workloadKeys)).values()) {
		const line = front(some, ['tokens_per_second', cost]).sort((a, b) => value(a, cost) - value(b, cost));
		series.push({
			type: 'line', name: 'front', silent: true, symbol: 'none', z: 2, tooltip: { show: false }, lineStyle: { color: css('soft'), width: 1.5 },
			data: line.map((r) => [value(r, cost), value(r, 'tokens_per_second')]),
		});
	}
	const m = D.metrics[at[cost]];
	return {
		legend: all, height: 340, option: {
			...base(), series, xAxis: axis(`${m.name}, ${m.unit}`, rows.map((r) => value(r, cost)), choice.log, { nameGap: 26, scale: true }),
			yAxis: axis('tokens/s', rows.map((r) => value(r, 'tokens_per_second')), choice.log, { nameGap: 40 }),
		},
	};
}

// The timeline: a lane a phone, and the overview above it.

const laneHeight = 24, axisHeight = 24;
const view = { from: 0, to: 1, lanes: [], gutter: 150, width: 0, height: 0 };
// picked is what is selected: an event by its index, a call, or a mark.
const picked = { event: -1, call: null, mark: null, lane: null };

// onPaper says that the timeline is drawn for paper.
let onPaper = false;

let palette = {};
function readPalette() {
	const style = getComputedStyle(document.documentElement);
	palette = {};
	for (const name of ["paper", "panel", "line", "ink", "dim", "ok", "bad", "warn", "pick", "ring", "talk", "hold", "lane", "faint"]) {
		palette[name] = style.getPropertyValue("--" + name).trim();
	}
	palette.hatch = hatch(palette.dim);
}

// hatch returns the pattern of what SIP alone shows.
function hatch(color) {
	const tile = document.createElement("canvas");
	tile.width = tile.height = 6;
	const g = tile.getContext("2d");
	g.strokeStyle = color;
	g.beginPath();
	for (const [x, y] of [[-1, 1], [0, 6], [5, 7]]) {
		g.moveTo(x, y);
		g.lineTo(x + (y === 6 ? 6 : 2), y - (y === 6 ? 6 : 2));
	}
	g.stroke();
	return g.createPattern(tile, "repeat");
}

// sized fits a canvas to the pixels of the screen, and returns its context in
// those of the page.
function sized(canvas, width, height) {
	const ratio = onPaper ? 2 : devicePixelRatio || 1;
	const w = Math.round(width * ratio), h = Math.round(height * ratio);
	if (canvas.width !== w || canvas.height !== h) {
		canvas.width = w;
		canvas.height = h;
		canvas.style.width = width + "px";
		canvas.style.height = height + "px";
	}
	const g = canvas.getContext("2d");
	g.setTransform(ratio, 0, 0, ratio, 0, 0);
	return g;
}

// arrange chooses the lanes that are shown: all, or those with something that the
// filter leaves.
function arrange() {
	view.lanes = lanes.filter((lane) =>
		filter.match === null || lane.events.some((i) => filter.match[i] === 1) || lane.marks.some(marked));
	view.lanes.forEach((lane, row) => { lane.row = row; });
	for (const lane of lanes) if (view.lanes[lane.row] !== lane) lane.row = -1;
	$("room").style.height = axisHeight + view.lanes.length * laneHeight + "px";
}

const xOf = (t) => view.gutter + (t - view.from) / (view.to - view.from) * (view.width - view.gutter);
const timeAt = (x) => view.from + (x - view.gutter) / (view.width - view.gutter) * (view.to - view.from);
const yOf = (row) => axisHeight + row * laneHeight - $("lanes").scrollTop;

// shapes draw the outline of a mark around a point. Shapes tell kinds of events
// apart, colors only what became of them.
const shapes = {
	ring: (g, x, y, r) => polygon(g, [[x - r, y - r * 0.8], [x + r, y - r * 0.8], [x, y + r]]),
	dial: (g, x, y, r) => polygon(g, [[x - r, y + r * 0.8], [x + r, y + r * 0.8], [x, y - r]]),
	answer: (g, x, y, r) => circle(g, x, y, r * 0.9),
	hold: (g, x, y, r) => {
		g.rect(x - r * 0.8, y - r * 0.9, r * 0.6, r * 1.8);
		g.rect(x + r * 0.2, y - r * 0.9, r * 0.6, r * 1.8);
	},
	resume: (g, x, y, r) => polygon(g, [[x - r * 0.8, y - r], [x + r, y], [x - r * 0.8, y + r]]),
	transfer: (g, x, y, r) => polygon(g, [[x - r * 1.1, y], [x, y - r * 1.1], [x + r * 1.1, y], [x, y + r * 1.1]]),
	miss: (g, x, y, r) => {
		circle(g, x, y, r);
		circle(g, x, y, r * 0.5, true);
	},
	end: (g, x, y, r) => g.rect(x - r * 0.8, y - r * 0.8, r * 1.6, r * 1.6),
	on: (g, x, y, r) => {
		const d = r * 0.3;
		polygon(g, [[x - d, y - r], [x + d, y - r], [x + d, y - d], [x + r, y - d], [x + r, y + d], [x + d, y + d],
			[x + d, y + r], [x - d, y + r], [x - d, y + d], [x - r, y + d], [x - r, y - d], [x - d, y - d]]);
	},
	off: (g, x, y, r) => g.rect(x - r, y - r * 0.3, r * 2, r * 0.6),
	note: (g, x, y, r) => circle(g, x, y, r * 0.55),
	unknown: (g, x, y, r) => {
		g.moveTo(x - r * 0.8, y - r * 0.2);
		g.arc(x, y - r * 0.2, r * 0.8, Math.PI, 0.9);
		g.lineTo(x - r * 0.1, y + r * 0.4);
		g.lineTo(x - r * 0.1, y + r);
		g.lineTo(x - r * 0.5, y + r);
		g.lineTo(x - r * 0.5, y + r * 0.1);
		g.lineTo(x + r * 0.2, y - r * 0.3);
		g.closePath();
	},
	// Connections that brought no request.
	refused: (g, x, y, r) => {
		const d = r * 0.35;
		polygon(g, [[x - r, y - r + d], [x - r + d, y - r], [x, y - d], [x + r - d, y - r], [x + r, y - r + d], [x + d, y],
			[x + r, y + r - d], [x + r - d, y + r], [x, y + d], [x - r + d, y + r], [x - r, y + r - d], [x - d, y]]);
	},
	encrypted: (g, x, y, r) => {
		g.rect(x - r, y - r * 0.2, r * 2, r * 1.2);
		g.moveTo(x - r * 0.7, y - r * 0.2);
		g.arc(x, y - r * 0.2, r * 0.7, Math.PI, 0);
		g.lineTo(x + r * 0.4, y - r * 0.2);
		g.arc(x, y - r * 0.2, r * 0.4, 0, Math.PI, true);
		g.closePath();
	},
};

function circle(g, x, y, r, hole = false) {
	g.moveTo(x + r, y);
	g.arc(x, y, r, 0, 2 * Math.PI, hole);
}

function polygon(g, points) {
	points.forEach(([x, y], n) => (n === 0 ? g.moveTo(x, y) : g.lineTo(x, y)));
	g.closePath();
}

const shapeOf = (i) => shapes[meta.kinds[events.kind[i]][2]] ?? shapes.note;
const shapeOfMark = (m) => (meta.findings[m.kind][0] === "encrypted" ? shapes.encrypted : shapes.refused);
const severityColor = (severity) => (severity === "error" ? palette.bad : severity === "warning" ? palette.warn : palette.dim);
const colorOf = (i) => (events.failed[i] ? palette.bad : events.status[i] <= 0 ? palette.dim : palette.ok);

function drawShape(g, shape, x, y, r, color) {
	g.beginPath();
	shape(g, x, y, r);
	g.fillStyle = color;
	g.fill();
}

let drawing = false;
// draw draws the timeline before the next frame.
function draw() {
	if (drawing) return;
	drawing = true;
	requestAnimationFrame(() => {
		drawing = false;
		drawNow();
	});
}

function drawNow() {
	const box = $("lanes");
	view.width = box.clientWidth;
	view.height = box.clientHeight;
	view.gutter = view.width < 600 ? 84 : 150;
	const g = sized($("canvas"), view.width, view.height);
	g.fillStyle = palette.paper;
	g.fillRect(0, 0, view.width, view.height);
	const from = Math.max(0, Math.floor((box.scrollTop) / laneHeight));
	const to = Math.min(view.lanes.length, Math.ceil((box.scrollTop + view.height - axisHeight) / laneHeight));
	drawLanes(g, view.lanes.slice(from, to));
	drawNames(g, view.lanes.slice(from, to));
	drawAxis(g);
	if (view.lanes.length === 0) {
		g.fillStyle = palette.dim;
		g.font = "14px system-ui, sans-serif";
		g.fillText(lanes.length === 0 ? "no events" : filter.wrong || "nothing matches the search", view.gutter + 12, axisHeight + 24);
	}
	drawOverview();
}

function drawLanes(g, shown) {
	g.save();
	g.beginPath();
	g.rect(view.gutter, axisHeight, view.width - view.gutter, view.height);
	g.clip();
	for (const lane of shown) {
		const y = yOf(lane.row);
		if (lane.row % 2 === 0) {
			g.fillStyle = palette.lane;
			g.fillRect(view.gutter, y, view.width, laneHeight);
		}
	}
	g.strokeStyle = palette.line;
	g.lineWidth = 1;
	g.beginPath();
	for (const { x } of ticks()) {
		g.moveTo(Math.round(x) + 0.5, axisHeight);
		g.lineTo(Math.round(x) + 0.5, view.height);
	}
	g.stroke();
	for (const lane of shown) {
		const y = yOf(lane.row);
		drawCalls(g, lane, y);
		drawEvents(g, lane, y + laneHeight / 2);
		drawMarks(g, lane, y + laneHeight / 2);
	}
	g.restore();
}

// visibleCalls yields the calls of a lane that are in view.
function* visibleCalls(lane) {
	const all = lane.calls;
	for (let i = lower(all.length, (k) => all[k].first, view.from - lane.longest); i < all.length && all[i].first <= view.to; i++) {
		if (all[i].end >= view.from) yield all[i];
	}
}

// spans returns the parts of a call: from, to, color, and whether SIP alone shows
// it.
function spans(c) {
	const parts = [];
	const sip = c.sip;
	const ringEnd = c.established ?? c.end;
	if (c.began !== null) parts.push([c.began, ringEnd, palette.ring, sip !== null && sip.started === c.began]);
	if (c.established !== null) {
		parts.push([c.established, c.end, palette.talk, sip !== null && (sip.answered === c.established || sip.ended === c.over && c.over !== null)]);
	}
	if (parts.length === 0) parts.push([c.first, c.end, palette.faint, false]);
	for (const [from, to] of c.held) parts.push([from, to, palette.hold, false]);
	return parts;
}

function drawCalls(g, lane, y) {
	let lastX = -1;
	for (const c of visibleCalls(lane)) {
		const x = xOf(c.first), end = xOf(c.end);
		if (end - x < 3 && picked.call !== c) { // too short to show its parts
			if (Math.round(x) !== lastX) {
				g.fillStyle = palette.faint;
				g.fillRect(x, y + (laneHeight - 12) / 2, Math.max(1, end - x), 12);
			}
			lastX = Math.round(x);
			continue;
		}
		const height = c.crowded ? 6 : 12;
		const top = y + (laneHeight - 12) / 2 + (c.crowded && c.track === 1 ? 6 : 0);
		for (const [from, to, color, bySIP] of spans(c)) {
			const left = Math.max(xOf(from), view.gutter - 5);
			const width = Math.max(1, Math.min(xOf(to), view.width + 5) - left);
			g.fillStyle = color;
			g.fillRect(left, top, width, height);
			if (bySIP) {
				g.fillStyle = palette.hatch;
				g.fillRect(left, top, width, height);
			}
		}
		if (picked.call === c) {
			g.strokeStyle = palette.pick;
			g.lineWidth = 2;
			g.strokeRect(x - 1, top - 1, Math.max(3, end - x + 2), height + 2);
			g.lineWidth = 1;
		}
	}
}

// eventsIn returns the range of a lane's events in view, and what is just beside
// it.
function eventsIn(lane, margin = 8) {
	const slack = margin / (view.width - view.gutter) * (view.to - view.from);
	const all = lane.events;
	const at = (k) => events.time[all[k]];
	return [lower(all.length, at, view.from - slack), lower(all.length, at, view.to + slack)];
}

let bins = null;
// drawEvents draws a mark an event; where they would overlap, how many there are in
// a place, with the failures on top.
function drawEvents(g, lane, y) {
	const [from, to] = eventsIn(lane);
	const all = lane.events;
	if (to - from > (view.width - view.gutter) / 6) {
		drawDensity(g, lane, y, from, to);
	} else {
		for (const color of [palette.faint, palette.dim, palette.ok, palette.bad]) { // the failures on top
			g.beginPath();
			for (let k = from; k < to; k++) {
				const i = all[k];
				if ((matches(i) ? colorOf(i) : palette.faint) === color) shapeOf(i)(g, xOf(events.time[i]), y, events.failed[i] ? 6 : 5);
			}
			g.fillStyle = color;
			g.fill();
		}
	}
	if (picked.event >= 0 && events.phone[picked.event] === lane.phone) {
		const x = xOf(events.time[picked.event]);
		g.strokeStyle = palette.pick;
		g.lineWidth = 2;
		g.beginPath();
		g.arc(x, y, 9, 0, 7);
		g.stroke();
		g.lineWidth = 1;
		drawShape(g, shapeOf(picked.event), x, y, 6, colorOf(picked.event));
	}
}

function drawDensity(g, lane, y, from, to) {
	const width = 3, n = Math.ceil(view.width / width) + 1;
	if (bins === null || bins.length !== n * 3) bins = new Uint32Array(n * 3);
	bins.fill(0);
	const all = lane.events, scale = (view.width - view.gutter) / (view.to - view.from) / width;
	for (let k = from; k < to; k++) {
		const i = all[k];
		const at = Math.max(0, Math.min(n - 1, Math.floor((events.time[i] - view.from) * scale)));
		if (!matches(i)) bins[at * 3]++;
		else if (events.failed[i]) bins[at * 3 + 2]++;
		else bins[at * 3 + 1]++;
	}
	[palette.faint, palette.ok, palette.bad].forEach((color, kind) => {
		g.beginPath();
		for (let at = 0; at < n; at++) {
			const count = bins[at * 3 + kind];
			if (count === 0) continue;
			const height = Math.min(laneHeight - 4, 5 + 3 * Math.log2(count));
			g.rect(view.gutter + at * width, y - height / 2, width - 1, height);
		}
		g.fillStyle = color;
		g.fill();
	});
}

function drawMarks(g, lane, y) {
	for (const m of lane.marks) {
		if (m.last < view.from || m.first > view.to) continue;
		const color = marked(m) ? severityColor(m.severity) : palette.faint;
		const from = xOf(m.first), to = xOf(m.last);
		g.fillStyle = color;
		g.fillRect(from, y - 0.5, Math.max(1, to - from), 1);
		drawShape(g, shapeOfMark(m), from, y, 5, color);
		if (to - from > 12) drawShape(g, shapeOfMark(m), to, y, 5, color);
		if (picked.mark === m) {
			g.strokeStyle = palette.pick;
			g.strokeRect(from - 8, y - 8, to - from + 16, 16);
		}
	}
}

// drawNames draws the names of the lanes, cut to their room.
function drawNames(g, shown) {
	g.font = "12px system-ui, sans-serif";
	g.textBaseline = "middle";
	for (const lane of shown) {
		const y = yOf(lane.row);
		g.fillStyle = picked.lane === lane ? palette.panel : palette.paper;
		g.fillRect(0, y, view.gutter, laneHeight);
		g.fillStyle = lane.failing ? palette.bad : palette.ink;
		if (lane.cutTo !== view.gutter) {
			lane.cut = (lane.failing ? "✗ " : "") + lane.name;
			const letters = [...lane.cut.slice(0, 200)]; // more has no room on any screen
			while (letters.length > 3 && g.measureText(lane.cut).width > view.gutter - 12) {
				letters.pop();
				lane.cut = letters.join("") + "…";
			}
			lane.cutTo = view.gutter;
		}
		g.fillText(lane.cut, 8, y + laneHeight / 2);
	}
	g.fillStyle = palette.line;
	g.fillRect(view.gutter - 1, 0, 1, view.height);
}

// steps are the distances between ticks, in milliseconds.
const steps = [
	0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500,
	...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000].map((s) => s * 1000),
];

// ticks returns the places of the axis' lines, at round times of the clock, also
// behind a change to or from summer time.
function ticks() {
	if (lanes.length === 0) return [];
	const wanted = Math.max(2, (view.width - view.gutter) / 110);
	const step = steps.find((s) => (view.to - view.from) / s <= wanted) ?? 31536e6;
	const shift = clock.shift(view.from);
	const all = [];
	let before = -Infinity;
	for (let k = Math.ceil((view.from + shift) / step); all.length < 200; k++) {
		const t = k * step - (step < 1000 ? shift : clock.shift(k * step - shift));
		if (t > view.to) return all;
		if (t > before && t >= view.from) all.push({ x: xOf(t), text: clock.tick(t, step) }); // an hour that is left out has no line
		before = t;
	}
	return all;
}

function drawAxis(g) {
	g.fillStyle = palette.panel;
	g.fillRect(0, 0, view.width, axisHeight);
	g.fillStyle = palette.line;
	g.fillRect(0, axisHeight - 1, view.width, 1);
	g.fillStyle = palette.dim;
	g.font = "12px system-ui, sans-serif";
	g.textBaseline = "middle";
	if (lanes.length > 0) g.fillText(clock.day(view.from), 8, axisHeight / 2);
	for (const { x, text } of ticks()) {
		if (x > view.gutter && x + 3 + g.measureText(text).width <= view.width) g.fillText(text, x + 3, axisHeight / 2);
	}
}

// overview counts the events of each pixel of the whole time; it changes with the
// width and the filter only.
const overview = { key: "", ok: null, failed: null, other: null, picture: document.createElement("canvas") };

function countOverview(width) {
	Object.assign(overview, { ok: new Uint32Array(width), failed: new Uint32Array(width), other: new Uint32Array(width) });
	const scale = width / (last - first);
	for (let i = 0; i < events.n; i++) {
		const at = Math.min(width - 1, Math.floor((events.time[i] - first) * scale));
		(!matches(i) ? overview.other : events.failed[i] ? overview.failed : overview.ok)[at]++;
	}
	for (const m of marks) {
		if (marked(m) && m.severity === "error") overview.failed[Math.min(width - 1, Math.floor((m.first - first) * scale))]++;
	}
}

function drawOverview() {
	const canvas = $("overview"), width = document.body.clientWidth, height = 55;
	if (width === 0) return;
	const key = [width, devicePixelRatio, palette.paper, filter.query].join(" ");
	if (overview.key !== key) {
		overview.key = key;
		paintOverview(sized(overview.picture, width, height), width, height);
	}
	const g = sized(canvas, width, height);
	g.drawImage(overview.picture, 0, 0, width, height);
	const left = (view.from - first) / (last - first) * width, right = (view.to - first) / (last - first) * width;
	g.fillStyle = palette.ink;
	g.globalAlpha = 0.12;
	g.fillRect(0, 0, left, height);
	g.fillRect(right, 0, width - right, height);
	g.globalAlpha = 1;
	g.strokeStyle = palette.ink;
	g.strokeRect(left + 0.5, 0.5, Math.max(2, right - left - 1), height - 1);
}

// paintOverview draws a bar for each two pixels of the whole time.
function paintOverview(g, width, height) {
	const columns = Math.max(1, Math.floor(width / 2));
	countOverview(columns);
	let most = 1;
	for (let x = 0; x < columns; x++) most = Math.max(most, overview.ok[x] + overview.failed[x], overview.other[x]);
	g.fillStyle = palette.paper;
	g.fillRect(0, 0, width, height);
	const scaled = (n) => (n === 0 ? 0 : Math.max(2, n / most * (height - 6)));
	for (let x = 0; x < columns; x++) {
		const failed = scaled(overview.failed[x]), ok = scaled(overview.ok[x]);
		g.fillStyle = palette.faint;
		g.fillRect(x * 2, height - scaled(overview.other[x]), 2, height);
		g.fillStyle = palette.ok;
		g.fillRect(x * 2, height - ok, 2, ok);
		g.fillStyle = palette.bad; // on top, so that none is hidden
		g.fillRect(x * 2, height - ok - failed, 2, failed);
	}
}

// show shows a span of time, at least a microsecond of it.
function show(from, to) {
	const shortest = 0.001, longest = last - first;
	let span = Math.min(longest, Math.max(shortest, to - from));
	let middle = (from + to) / 2;
	view.from = Math.max(first, Math.min(last - span, middle - span / 2));
	view.to = view.from + span;
	changed();
	draw();
}

// zoom makes the time around a moment shorter or longer.
function zoom(factor, around = (view.from + view.to) / 2) {
	show(around - (around - view.from) * factor, around + (view.to - around) * factor);
}

function pan(share) {
	const by = (view.to - view.from) * share;
	show(view.from + by, view.to + by);
}

// laneAt returns the lane at a place of the canvas.
function laneAt(y) {
	if (y < axisHeight) return null;
	return view.lanes[Math.floor((y - axisHeight + $("lanes").scrollTop) / laneHeight)] ?? null;
}

// under returns what is at a place of the canvas: the nearest event, failures
// first, or else a mark, or a call.
function under(x, y) {
	const lane = laneAt(y);
	if (!lane) return null;
	if (x < view.gutter) return { lane };
	let best = -1, distance = 8;
	const [from, to] = eventsIn(lane);
	for (let k = from; k < to; k++) {
		const i = lane.events[k];
		let d = Math.abs(xOf(events.time[i]) - x);
		if (d > 7) continue;
		if (events.failed[i]) d -= 3;
		if (!matches(i)) d += 4;
		if (d < distance) [best, distance] = [i, d];
	}
	if (best >= 0) return { lane, event: best };
	for (const m of lane.marks) {
		if (x >= xOf(m.first) - 7 && x <= xOf(m.last) + 7) return { lane, mark: m };
	}
	let found = null;
	for (const c of visibleCalls(lane)) {
		if (x >= xOf(c.first) - 2 && x <= xOf(c.end) + 2) {
			const upper = (y - axisHeight + $("lanes").scrollTop) % laneHeight < laneHeight / 2;
			if (found === null || c.track === (upper ? 0 : 1)) found = c;
		}
	}
	return found ? { lane, call: found } : { lane };
}

// drawLegend draws each shape with its name.
function drawLegend() {
	const names = [
		["ring", "incoming call"], ["dial", "outgoing call"], ["answer", "answered"], ["hold", "on hold"], ["resume", "resumed"],
		["transfer", "transferred"], ["miss", "missed, rejected"], ["end", "ended"], ["on", "on: registered, DND, off hook …"],
		["off", "off"], ["note", "other event"], ["unknown", "event not known"], ["refused", "connection refused"], ["encrypted", "connection encrypted"],
	];
	const g = sized($("legend"), 280, 256);
	g.clearRect(0, 0, 280, 256);
	g.font = "13px system-ui, sans-serif";
	g.textBaseline = "middle";
	names.forEach(([shape, text], n) => {
		drawShape(g, shapes[shape], 8, 10 + n * 16, 5, shape === "refused" || shape === "encrypted" ? palette.bad : palette.ok);
		g.fillStyle = palette.ink;
		g.fillText(text, 22, 10 + n * 16);
	});
	[["ring", "rings"], ["talk", "talks"], ["hold", "on hold"], ["hatch", "by SIP"]].forEach(([color, text], n) => {
		g.fillStyle = palette[color];
		g.fillRect(2 + n * 70, 240, 14, 12);
		g.fillStyle = palette.ink;
		g.fillText(text, 20 + n * 70, 246);
	});
}

"use strict";
// What is in the page: the columns of the events, their texts, the calls.

const $ = (id) => document.getElementById(id);

// unpack returns the text of a compressed chunk.
async function unpack(base64) {
	const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(base64) : Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
	return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

// packed takes the chunks of a class out of the document.
function packed(name) {
	return [...document.querySelectorAll("script." + name)].map((element) => {
		element.remove();
		return element.textContent;
	});
}

// visible returns a text with everything escaped that would not be seen, or would
// change how the text around it is shown.
const hiding = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Variation_Selector}\p{Default_Ignorable_Code_Point}]/gu;
function visible(text) {
	return text.replace(hiding, (c) => {
		const code = c.codePointAt(0);
		if (code < 0x100) return "\\x" + code.toString(16).padStart(2, "0");
		return code > 0xffff ? "\\U" + code.toString(16).padStart(8, "0") : "\\u" + code.toString(16).padStart(4, "0");
	});
}

const columns = [
	"frame", "capture", "phone", "server", "kind", "by", "candidates", "status", "latency",
	"findings", "head", "client", "port", "template", "call", "sip",
];

// encodings are how the numbers of a column are written, where not as they are:
// most are as in the event before of the same phone, in the chunk, or near it.
const encodings = {
	frame(from, to) {
		let n = 0;
		for (let i = 0; i < from.length; i++) to[i] = n += from[i];
	},
	head: repeated, client: repeated, template: repeated,
	port(from, to, before) {
		for (let i = 0; i < from.length; i++) to[i] = from[i] + (before[i] >= 0 ? to[before[i]] : 0);
	},
	call(from, to, before) {
		let highest = 0;
		for (let i = 0; i < from.length; i++) {
			const code = from[i];
			if (code === 0) to[i] = to[before[i]];
			else if (code === 1) to[i] = 0;
			else if (code % 2 === 0) to[i] = highest + (code - 2) / 2;
			else to[i] = highest - (code - 3) / 2;
			highest = Math.max(highest, to[i]);
		}
	},
};

function repeated(from, to, before) {
	for (let i = 0; i < from.length; i++) to[i] = from[i] === 0 ? to[before[i]] : from[i] - 1;
}

// eventsBefore returns, for each event of a chunk, the one before of its phone, -1
// for none.
function eventsBefore(phones) {
	const last = new Int32Array(meta.phones.length).fill(-1), before = new Int32Array(phones.length);
	for (let i = 0; i < phones.length; i++) {
		before[i] = last[phones[i]];
		last[phones[i]] = i;
	}
	return before;
}

// events has an array for each column; time is in milliseconds since 1970, sorted.
const events = { n: 0, time: null, base: [], offset: null, chunk: null, line: null, phoneOfLine: null, failed: null, signals: [] };
let meta = null;
// lanes are the phones, as they are shown; calls and marks are sorted by time.
let lanes = [], calls = [], marks = [], callByID = new Map();
let first = 0, last = 1; // the whole time, with a margin
let earliest = 0, latest = 0; // without it

// load unpacks everything but the details.
async function load() {
	const [texts, callTexts, metaTexts] = await Promise.all(
		["events", "calls", "meta"].map((name) => Promise.all(packed(name).map(unpack))));
	meta = JSON.parse(metaTexts[0]);
	loadEvents(texts.map((text) => JSON.parse(text)));
	eventsByCall();
	for (const text of callTexts) {
		const lines = JSON.parse("[" + text.trimEnd().replaceAll("\n", ",") + "]");
		for (const line of lines) {
			const c = line.length === 7 ? callOfEvents(line) : call(line);
			if (c) calls.push(c);
		}
	}
	calls.sort((a, b) => a.first - b.first);
	for (const c of calls) if (c.id) callByID.set(c.id, c);
	marks = meta.marks.map(mark).sort((a, b) => a.first - b.first);
	bounds();
	loadLanes();
}

function loadEvents(chunks) {
	const n = chunks.reduce((sum, c) => sum + c.time.length, 0);
	events.n = n;
	events.offset = new Float64Array(n);
	events.chunk = new Uint16Array(n);
	events.time = new Float64Array(n);
	for (const name of columns) events[name] = name === "frame" || name === "latency" ? new Float64Array(n) : new Int32Array(n);
	let at = 0, sorted = true;
	chunks.forEach((c, number) => {
		const base = BigInt(c.base);
		events.base.push(base);
		const milliseconds = Number(base / 1000000n), rest = Number(base % 1000000n) / 1e6;
		let offset = 0;
		for (let i = 0; i < c.time.length; i++) {
			offset += c.time[i];
			events.offset[at + i] = offset;
			events.chunk[at + i] = number;
			const t = milliseconds + (rest + offset / 1e6);
			events.time[at + i] = t;
			if (at + i > 0 && t < events.time[at + i - 1]) sorted = false;
		}
		const before = eventsBefore(c.phone);
		for (const name of columns) {
			const to = events[name].subarray(at, at + c.time.length);
			if (encodings[name]) encodings[name](c[name], to, before);
			else to.set(c[name]);
		}
		if (c.signals.length > 0) {
			const before = events.signals.length / 3;
			for (let i = at; i < at + c.time.length; i++) if (events.sip[i] > 0) events.sip[i] += before;
			for (const value of c.signals) events.signals.push(value);
		}
		at += c.time.length;
	});
	events.phoneOfLine = events.phone;
	if (!sorted) sortEvents();
	events.failed = new Uint8Array(n);
	const lost = meta.texts.map((text) => text !== "" && text !== "not_captured");
	for (let i = 0; i < n; i++) {
		const status = events.status[i];
		events.failed[i] = status < 0 ? lost[-status] : status >= 300 && status !== 304;
	}
}

// sortEvents puts the events of captures that overlap in the order of time. Where
// their details are stays in line.
function sortEvents() {
	const order = Uint32Array.from({ length: events.n }, (_, i) => i).sort((a, b) => events.time[a] - events.time[b]);
	for (const name of [...columns, "offset", "chunk", "time"]) {
		const from = events[name];
		events[name] = from.map((_, i) => from[order[i]]);
	}
	events.line = order;
}

// exact returns the time of an event in nanoseconds.
const exact = (i) => events.base[events.chunk[i]] + BigInt(events.offset[i]);

const milliseconds = (ns) => Number(BigInt(ns) / 1000n) / 1e3;

// callEvents are the events of calls, by number: those of call n are from
// callStarts[n] to callStarts[n + 1].
let callStarts = null, callEvents = null;

function eventsByCall() {
	let highest = 0;
	for (let i = 0; i < events.n; i++) highest = Math.max(highest, events.call[i]);
	callStarts = new Uint32Array(highest + 2);
	for (let i = 0; i < events.n; i++) callStarts[events.call[i] + 1]++;
	for (let n = 1; n < callStarts.length; n++) callStarts[n] += callStarts[n - 1];
	callEvents = new Uint32Array(events.n);
	const filled = callStarts.slice();
	for (let i = 0; i < events.n; i++) callEvents[filled[events.call[i]]++] = i;
}

// eventsOf returns the events of a call.
function eventsOf(c) {
	return c.id > 0 && c.id + 1 < callStarts.length ? callEvents.subarray(callStarts[c.id], callStarts[c.id + 1]) : new Uint32Array(0);
}

// newCall returns a call of which nothing is known yet.
function newCall(id, direction, state) {
	return {
		id, direction: meta.texts[direction], state: meta.texts[state], phone: 0, first: 0, last: 0, end: 0,
		began: null, established: null, over: null, held: [], remote: "", name: "", local: "", callID: "", sip: null, track: 0, crowded: false,
	};
}

// hold notes where a call was held: times, each with whether it was from there on.
function hold(c, times) {
	let from = null;
	for (const [t, on] of times) {
		if (on) {
			from ??= t;
		} else if (from !== null) {
			c.held.push([from, t]);
			from = null;
		}
	}
	if (from !== null) c.held.push([from, c.end]);
}

// callOfEvents reads a call that consists of events on the page; null where some of
// them were left out.
function callOfEvents([id, direction, state, count, began, answered, ended]) {
	const c = newCall(id, direction, state), all = eventsOf(c);
	if (all.length !== count) return null;
	const at = (step) => (step === 0 ? null : events.time[all[step - 1]]);
	Object.assign(c, { phone: events.phone[all[0]], first: events.time[all[0]], last: events.time[all[count - 1]], began: at(began), established: at(answered), over: at(ended) });
	c.end = c.over ?? c.last;
	const holds = [];
	for (const i of all) {
		const shape = meta.kinds[events.kind[i]][2];
		if (shape === "hold" || shape === "resume") holds.push([events.time[i], shape === "hold"]);
	}
	hold(c, holds);
	return c;
}

// call reads a call that stands for itself.
function call([id, direction, state, phone, time, began, established, over, latest, holds, remote, name, local, callID, sip]) {
	const c = newCall(id, direction, state), at = milliseconds(time);
	const moment = (offset) => (offset === null ? null : at + offset);
	Object.assign(c, { phone, first: at, began: moment(began), established: moment(established), over: moment(over), last: moment(latest) ?? at, remote, name, local, callID });
	c.end = c.over ?? c.last;
	if (sip) {
		const [started, rang, answered, ended] = sip.map(moment);
		c.sip = { started, rang, answered, ended };
	}
	const times = [];
	for (let i = 0; i < holds.length; i += 2) times.push([at + holds[i], holds[i + 1] === 1]);
	hold(c, times);
	return c;
}

// mark reads a finding of connections.
function mark([kind, phone, time, latest, times, capture, frame, severity, message, hint]) {
	return { kind, phone, first: milliseconds(time), last: milliseconds(latest), times, capture, frame, severity, message, hint };
}

// bounds finds the whole time.
function bounds() {
	let low = Infinity, high = -Infinity;
	const take = (from, to) => {
		low = Math.min(low, from);
		high = Math.max(high, to);
	};
	if (events.n > 0) take(events.time[0], events.time[events.n - 1]);
	for (const c of calls) take(c.first, c.end);
	for (const m of marks) take(m.first, m.last);
	if (low > high) [low, high] = [0, 1000];
	[earliest, latest] = [low, high];
	const margin = Math.max((high - low) * 0.01, 500);
	first = low - margin;
	last = high + margin;
}

// loadLanes makes a lane of each phone: those that fail first, then by name. Phone
// 0 is those that the page does not tell apart.
function loadLanes() {
	const used = new Set([...calls.map((c) => c.phone), ...marks.map((m) => m.phone)]);
	const counts = new Uint32Array(meta.phones.length);
	for (let i = 0; i < events.n; i++) counts[events.phone[i]]++;
	const byPhone = new Array(meta.phones.length);
	meta.phones.forEach(([name, key, address, product, version, failing], phone) => {
		if (counts[phone] === 0 && !used.has(phone)) return;
		const lane = {
			phone, name: visible(phone === 0 ? "other phones" : name || key), key, address, product, version,
			failing: failing === 1, events: new Uint32Array(counts[phone]), calls: [], marks: [],
		};
		byPhone[phone] = lane;
		lanes.push(lane);
	});
	const filled = new Uint32Array(meta.phones.length);
	for (let i = 0; i < events.n; i++) {
		const phone = events.phone[i];
		byPhone[phone].events[filled[phone]++] = i;
	}
	for (const c of calls) byPhone[c.phone].calls.push(c);
	for (const m of marks) byPhone[m.phone].marks.push(m);
	const compare = new Intl.Collator(undefined, { numeric: true }).compare;
	const address = /^[0-9a-f]{2}(:[0-9a-f]{2})+$/; // digits of which are no numbers
	lanes.sort((a, b) => b.failing - a.failing ||
		(address.test(a.name) && address.test(b.name) ? (a.name < b.name ? -1 : 1) : compare(a.name, b.name)));
	lanes.forEach((lane, number) => {
		lane.number = number;
		lane.longest = 0;
		let end = -Infinity, before = null;
		for (const c of lane.calls) { // two at a time have half the height each
			if (c.first < end && before) {
				c.crowded = before.crowded = true;
				c.track = 1 - before.track;
			}
			if (c.end >= end) [end, before] = [c.end, c];
			lane.longest = Math.max(lane.longest, c.end - c.first);
		}
	});
}

// details are the texts of events, unpacked when the page has been drawn. Those of a
// chunk are forms, which many events share, and the texts that vary: see details.go.
const details = { ready: false, chunks: [] };

async function loadDetails() {
	let line = meta.firstDetailed;
	for (const base64 of packed("details")) {
		const { forms, texts, rows, cells } = JSON.parse(await unpack(base64));
		const chunk = { first: line, n: rows.length, forms, texts, rows: Uint32Array.from(rows), starts: new Uint32Array(rows.length + 1), cells: null, lower: null };
		const before = eventsBefore(events.phoneOfLine.subarray(line, line + rows.length));
		const resolved = new Uint32Array(cells.length);
		let at = 0;
		for (let k = 0; k < rows.length; k++) {
			chunk.starts[k] = at;
			const [n] = forms[rows[k]], same = before[k] >= 0 ? chunk.starts[before[k]] : 0;
			for (let j = 0; j < n; j++, at++) resolved[at] = cells[at] === 0 ? resolved[same + j] : cells[at] - 1;
		}
		chunk.starts[rows.length] = at;
		chunk.cells = resolved;
		details.chunks.push(chunk);
		line += rows.length;
		await new Promise((done) => setTimeout(done)); // let the page react
	}
	details.ready = true;
}

const lineOf = (i) => (events.line ? events.line[i] : i);

// target puts the target of a line of a chunk together.
function target(chunk, k) {
	const shape = chunk.forms[chunk.rows[k]][1];
	let at = chunk.starts[k];
	return shape.includes("\x01") ? shape.replaceAll("\x01", () => chunk.texts[chunk.cells[at++]]) : shape;
}

// detailsOf returns the texts of an event, null where the page does not have them.
function detailsOf(i) {
	const line = lineOf(i);
	const chunk = details.chunks.find((c) => line >= c.first && line < c.first + c.n);
	if (!chunk) return null;
	const k = line - chunk.first;
	const [, , pairs, unresolved, found, body] = chunk.forms[chunk.rows[k]];
	const text = (n) => chunk.texts[chunk.cells[chunk.starts[k] + n]];
	const vars = [];
	for (let j = 0; j < pairs.length; j += 2) {
		vars.push({ name: pairs[j], value: text(pairs[j + 1]), unresolved: unresolved.includes(j / 2) });
	}
	const messages = [];
	for (let j = 0; j < found.length; j += 2) messages.push({ kind: found[j], message: text(found[j + 1]) });
	return { target: target(chunk, k), vars, messages, body: body.length > 0 ? text(body[0]) : "", type: body.length > 0 ? text(body[1]) : "" };
}

// mentions returns, by line, whether the texts of events contain a word in lower
// case. One with what separates texts in a target is looked for in the target as a
// whole.
function mentions(word) {
	const found = new Uint8Array(events.n);
	const whole = /[=&?/]/.test(word);
	for (const c of details.chunks) {
		c.lower ??= c.texts.map((text) => text.toLowerCase());
		const texts = Uint8Array.from(c.lower, (text) => (text.includes(word) ? 1 : 0));
		const forms = c.forms.map(([, shape, pairs]) => (shape + " " + pairs.filter((x) => typeof x === "string").join(" ")).toLowerCase().includes(word));
		for (let k = 0; k < c.n; k++) {
			let hit = forms[c.rows[k]];
			for (let at = c.starts[k]; !hit && at < c.starts[k + 1]; at++) hit = texts[c.cells[at]] === 1;
			if (!hit && whole) hit = target(c, k).toLowerCase().includes(word);
			if (hit) found[c.first + k] = 1;
		}
	}
	return found;
}

// lower returns the first index in a sorted list whose time is not before t.
function lower(n, timeAt, t) {
	let low = 0, high = n;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (timeAt(middle) < t) low = middle + 1;
		else high = middle;
	}
	return low;
}

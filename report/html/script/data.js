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
const deltas = new Set(["frame", "call"]);

// events has an array for each column; time is in milliseconds since 1970, sorted.
const events = { n: 0, time: null, base: [], offset: null, chunk: null, line: null, failed: null, signals: [] };
let meta = null;
// lanes are the phones, as they are shown; calls and marks are sorted by time.
let lanes = [], calls = [], marks = [], callByID = new Map();
let first = 0, last = 1; // the whole time

// load unpacks everything but the details.
async function load() {
	const [texts, callTexts, metaTexts] = await Promise.all(
		["events", "calls", "meta"].map((name) => Promise.all(packed(name).map(unpack))));
	meta = JSON.parse(metaTexts[0]);
	loadEvents(texts.map((text) => JSON.parse(text)));
	for (const text of callTexts) {
		for (const line of text.split("\n")) if (line) calls.push(call(JSON.parse(line)));
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
	for (const name of columns) events[name] = new Int32Array(n);
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
		for (const name of columns) {
			const from = c[name], to = events[name];
			if (deltas.has(name)) {
				let value = 0;
				for (let i = 0; i < from.length; i++) to[at + i] = value += from[i];
			} else {
				to.set(from, at);
			}
		}
		if (c.signals.length > 0) {
			const before = events.signals.length / 3;
			for (let i = at; i < at + c.time.length; i++) if (events.sip[i] > 0) events.sip[i] += before;
			for (const value of c.signals) events.signals.push(value);
		}
		at += c.time.length;
	});
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

// call reads a call.
function call([id, phone, time, direction, state, began, established, over, latest, holds, remote, name, local, callID, sip]) {
	const at = milliseconds(time);
	const moment = (offset) => (offset === null ? null : at + offset);
	const c = {
		id, phone, first: at, direction: meta.texts[direction], state: meta.texts[state],
		began: moment(began), established: moment(established), over: moment(over), last: moment(latest) ?? at,
		held: [], remote, name, local, callID, sip: null, track: 0, crowded: false,
	};
	if (sip) {
		const [started, rang, answered, ended] = sip.map(moment);
		c.sip = { started, rang, answered, ended };
	}
	let from = null;
	for (let i = 0; i < holds.length; i += 2) {
		if (holds[i + 1] === 1) {
			from ??= at + holds[i];
		} else if (from !== null) {
			c.held.push([from, at + holds[i]]);
			from = null;
		}
	}
	c.end = c.over ?? c.last;
	if (from !== null) c.held.push([from, c.end]);
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

// details are the texts of events, unpacked when the page has been drawn.
const details = { ready: false, chunks: [], lines: [], first: 0 };

async function loadDetails() {
	details.first = meta.firstDetailed;
	for (const base64 of packed("details")) {
		const text = await unpack(base64);
		const lower = text.toLowerCase();
		const chunk = { text, lower, starts: lineStarts(text), lowerStarts: null };
		chunk.lowerStarts = lower.length === text.length ? chunk.starts : lineStarts(lower);
		details.chunks.push(chunk);
		await new Promise((done) => setTimeout(done)); // let the page react
	}
	let line = details.first;
	for (const c of details.chunks) {
		c.first = line;
		line += c.starts.length - 1;
	}
	details.ready = true;
}

// lineStarts returns where the lines of a text begin, and its end.
function lineStarts(text) {
	const starts = [0];
	for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
	return Uint32Array.from(starts);
}

const lineOf = (i) => (events.line ? events.line[i] : i);

// detailsOf returns the texts of an event, null where the page does not have them.
function detailsOf(i) {
	const line = lineOf(i);
	const chunk = details.chunks.find((c) => line >= c.first && line < c.first + c.starts.length - 1);
	if (!chunk) return null;
	const at = line - chunk.first;
	const [target, pairs, unresolved = [], found = []] = JSON.parse(chunk.text.slice(chunk.starts[at], chunk.starts[at + 1] - 1));
	const vars = [];
	for (let k = 0; k < pairs.length; k += 2) {
		vars.push({ name: pairs[k], value: pairs[k + 1], unresolved: unresolved.includes(k / 2) });
	}
	const messages = [];
	for (let k = 0; k < found.length; k += 2) messages.push({ kind: found[k], message: found[k + 1] });
	return { target, vars, messages };
}

// mentions returns, by line, whether the texts of events contain a word in lower
// case.
function mentions(word) {
	const escaped = JSON.stringify(word).slice(1, -1);
	const found = new Uint8Array(events.n);
	for (const c of details.chunks) {
		const starts = c.lowerStarts;
		let line = 0;
		for (let at = c.lower.indexOf(escaped); at >= 0; at = c.lower.indexOf(escaped, starts[line + 1])) {
			let low = line, high = starts.length - 1; // the line of at
			while (high - low > 1) {
				const middle = (low + high) >> 1;
				if (starts[middle] <= at) low = middle;
				else high = middle;
			}
			line = low;
			found[c.first + line] = 1;
			if (line + 1 >= starts.length - 1) break;
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
